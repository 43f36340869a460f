// On a phone the menu lies over the page: it closes when one of its entries is chosen.
if (!window.parityMenu) {
  window.parityMenu = true
  document.addEventListener("click", (event) => {
    const entry = event.target.closest?.("[data-testid='stSidebar'] [data-testid='stPageLink-NavLink']")
    if (!entry || window.innerWidth > 768) return
    document.querySelector("[data-testid='stSidebarCollapseButton'] button")?.click()
  })
}
