// Hands the images that the server has sent to the card beside the map (map_hover.js), which has asked for them.

export default function ({ parentElement, data }) {
  const container = (parentElement.host ?? parentElement).closest(".st-key-map_chart")
  container?.dispatchEvent(new CustomEvent("map-images", { detail: data }))
}
