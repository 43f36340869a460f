// One step back for each thing that was done. Streamlit makes two of a page that is opened and then says in its address
// what it shows; and where the browser is busy it says so in the address of the page before, a step nobody has seen.
if (!window.parityHistory) {
  window.parityHistory = true
  let gone = false
  for (const act of ["pointerdown", "keydown", "click", "input", "change", "drop", "popstate"]) {
    window.addEventListener(act, () => { gone = false }, true)
  }
  const push = history.pushState
  history.pushState = function (...step) {
    (gone ? this.replaceState : push).apply(this, step)
    gone = true
  }
}
