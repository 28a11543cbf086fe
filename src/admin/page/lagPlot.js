/** A feed's lag over the last hour, as a line. */
import { element, svg } from "./dom.js"
import { clock, span } from "./format.js"

const HOUR = 3_600_000
/** Units of the drawing, which is stretched to the room there is. */
const WIDTH = 360
const HEIGHT = 100
/** With more samples than this they are a line already, and dots would only make it thick. */
const MOST_DOTS = 40

const STEPS = [1, 2, 5, 10, 15, 30].flatMap((step) => [step * 1000, step * 60_000, step * 3_600_000])

/** The least round figure above all lags. @param {number} most milliseconds */
const scaleFor = (most) =>
  [500, ...STEPS].sort((a, b) => a - b).find((step) => step >= most) ??
  Math.ceil(most / 86_400_000) * 86_400_000

/**
 * @typedef {{ readonly at: string, readonly lag_ms: number }} Sample
 * @param {string} feed
 * @param {ReadonlyArray<Sample>} samples oldest first
 * @param {number} now epoch milliseconds
 */
export const lagPlot = (feed, samples, now) => {
  const known = samples
    .map(({ at, lag_ms }) => ({ at: Math.min(Date.parse(at), now), lag: lag_ms }))
    .filter(({ at }) => at > now - HOUR)
  const highest = known.reduce((most, sample) => (sample.lag > most.lag ? sample : most), { at: now, lag: 0 })
  const scale = scaleFor(highest.lag)
  const points = known.map(({ at, lag }) => ({
    x: ((at - now + HOUR) / HOUR) * WIDTH,
    y: HEIGHT - (lag / scale) * HEIGHT,
  }))
  const line = points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")
  const first = points[0]?.x ?? 0
  const last = points.at(-1)?.x ?? 0
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...[0, 0.5, 1].map((share) => svg("path", { class: "grid", d: `M0 ${HEIGHT * share}H${WIDTH}` })),
  )
  if (points.length > 0) {
    drawing.append(
      svg("path", { class: "area", d: `M${first} ${HEIGHT}L${line}L${last} ${HEIGHT}Z` }),
      svg("path", { class: "line", d: `M${line}` }),
    )
    // A stroke without length but with round ends is a dot that the stretching leaves round.
    if (points.length <= MOST_DOTS)
      for (const { x, y } of points)
        drawing.append(svg("path", { class: "dot", d: `M${x.toFixed(1)} ${y.toFixed(1)}h0` }))
  }
  const said =
    points.length === 0 ? "nothing was confirmed" : `highest ${span(highest.lag)} at ${clock(highest.at)}`
  return element(
    "figure",
    { class: "plot", role: "img", "aria-label": `Lag of ${feed} in the last hour: ${said}` },
    element("span", { class: "top" }, span(scale)),
    element("span", { class: "middle" }, span(scale / 2)),
    element("div", {}, drawing, ...(points.length === 0 ? [element("em", {}, "Nothing confirmed yet")] : [])),
    element(
      "figcaption",
      {},
      element("span", {}, "1 h ago"),
      element("span", {}, points.length === 0 ? "" : said),
      element("span", {}, "now"),
    ),
  )
}
