// A card with the image of the dot under the pointer, beside the map that Plotly draws. Where there is no such
// chart, nothing happens; Plotly's own label with the file's name is hidden only once the card has taken its place.
//
// Names of files and classes are put in as text and never as HTML.

const CONTAINER = ".st-key-map_chart"
const KEPT = 1500 // images kept in the browser, some 13 MB
const REST = 70 // milliseconds that the pointer stays on a dot before its image is asked for
const PATIENCE = 8000 // milliseconds after which a question counts as lost
const GAP = 16
const MARGIN = 8

// A popover lies above all else, a map on the full screen included; in older browsers the card is only fixed.
const POPOVER = typeof HTMLElement.prototype.showPopover === "function"

const cards = new WeakMap()

export default function (component) {
  const root = component.parentElement
  if (!cards.has(root)) cards.set(root, new Card(root))
  const card = cards.get(root)
  card.update(component)
  return () => {
    card.close()
    cards.delete(root)
  }
}

class Card {
  constructor(root) {
    this.box = root.querySelector(".card")
    this.image = root.querySelector("img")
    this.images = new Map() // file -> data URI, empty where it cannot be read
    this.shown = null // file of the open card
    this.question = null // {file, number, since} while it is not answered
    this.number = 0
    this.container = (root.host ?? root).closest(CONTAINER)
    // The chart is drawn after this, and again when its figure changes.
    this.observer = new MutationObserver(() => this.attach())
    if (this.container) this.observer.observe(this.container, { childList: true, subtree: true })
    this.listeners = new AbortController()
    this.container?.addEventListener("map-images", (event) => this.take(event.detail), {
      signal: this.listeners.signal,
    })
    const options = { signal: this.listeners.signal, capture: true, passive: true }
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.hide(), options)
    document.addEventListener("scroll", () => this.hide(), options)
    document.addEventListener("pointerdown", (event) => this.isOutside(event) && this.hide(), options)
  }

  update({ setTriggerValue }) {
    this.ask = (question) => setTriggerValue("asked", question)
    this.click = (file) => setTriggerValue("clicked", file)
    this.attach()
  }

  take(data) {
    for (const [file, image] of data?.images ?? []) this.keep(file, image)
    if (this.question && data?.number === this.question.number) {
      if (!this.images.has(this.question.file)) this.keep(this.question.file, "")
      this.question = null
    }
    if (this.shown !== null) this.draw()
  }

  attach() {
    const chart = this.container?.querySelector(".js-plotly-plot")
    if (typeof chart?.on !== "function") return
    // Each time, as Plotly may have drawn both again. The area inside a lasso would keep the pointer from its dots.
    for (const label of chart.querySelectorAll(".hoverlayer")) label.style.display = "none"
    for (const area of chart.querySelectorAll(".selectionlayer path")) area.style.pointerEvents = "none"
    // Plotly makes this function again whenever it forgets who listens.
    if (chart.on === this.on) return
    this.on = chart.on
    this.chart = chart
    this.hide()
    chart.on("plotly_hover", (event) => this.show(event))
    chart.on("plotly_click", (event) => this.show(event) && this.click(this.shown))
    // A moment after Streamlit's own message that the lasso is gone: the two must not travel together.
    chart.on("plotly_doubleclick", () => setTimeout(() => this.click(""), 150))
    for (const name of ["plotly_unhover", "plotly_selecting", "plotly_relayout"]) chart.on(name, () => this.hide())
  }

  show(event) {
    const point = event?.points?.find((each) => Array.isArray(each.customdata))
    if (!point || !this.box.isConnected) return false
    const [file, about, note] = point.customdata
    this.shown = String(file)
    this.put("name", this.shown.slice(this.shown.lastIndexOf("/") + 1))
    this.put("about", about)
    this.put("note", note)
    this.box.classList.add("open")
    this.draw()
    if (POPOVER && !this.box.matches(":popover-open")) this.box.showPopover()
    this.place(this.pointer(event, point))
    return true
  }

  hide() {
    this.shown = null
    this.box.classList.remove("open")
    if (POPOVER && this.box.matches(":popover-open")) this.box.hidePopover()
  }

  draw() {
    const image = this.images.get(this.shown)
    if (image) this.image.src = image
    else this.image.removeAttribute("src")
    this.box.classList.toggle("bare", image === "")
    if (image === undefined) this.request(this.shown)
  }

  request(file) {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      const waits = this.question && performance.now() - this.question.since < PATIENCE
      if (this.shown !== file || waits) return // what is asked for by then is asked for when the answer is there
      this.question = { file, number: ++this.number, since: performance.now() }
      this.ask({ file, number: this.number })
    }, REST)
  }

  keep(file, image) {
    const isImage = typeof image === "string" && image.startsWith("data:image/jpeg;base64,")
    this.images.delete(file)
    this.images.set(file, isImage ? image : "")
    if (this.images.size > KEPT) this.images.delete(this.images.keys().next().value)
  }

  put(name, text) {
    this.box.querySelector(`.${name}`).textContent = clean(text)
  }

  pointer(event, point) {
    const mouse = event.event
    if (Number.isFinite(mouse?.clientX)) return { x: mouse.clientX, y: mouse.clientY }
    const corner = this.chart.getBoundingClientRect()
    return { x: corner.left + (point.bbox?.x1 ?? 0), y: corner.top + (point.bbox?.y0 ?? 0) }
  }

  // Beside the pointer; on a screen too narrow for that above or below it, where a finger does not lie.
  place({ x, y }) {
    const { offsetWidth: width, offsetHeight: height } = this.box
    const [right, bottom] = [window.innerWidth - MARGIN, window.innerHeight - MARGIN]
    let [left, top] = [x + GAP, y - height / 2]
    if (left + width > right) left = x - GAP - width
    if (left < MARGIN) {
      left = x - width / 2
      top = y - GAP - height
      if (top < MARGIN) top = y + GAP
    }
    this.box.style.left = `${Math.max(MARGIN, Math.min(left, right - width))}px`
    this.box.style.top = `${Math.max(MARGIN, Math.min(top, bottom - height))}px`
  }

  isOutside(event) {
    return !this.chart || !event.composedPath().includes(this.chart)
  }

  close() {
    clearTimeout(this.timer)
    this.hide()
    this.observer.disconnect()
    this.listeners.abort()
  }
}

// As the server shows names: what cannot be printed, marks that turn the direction of writing among it, is replaced.
function clean(text) {
  return String(text ?? "").replace(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, "\uFFFD")
}
