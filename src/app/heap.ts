/**
 * Keeps the heap close to what is alive. Imported before anything else allocates.
 *
 * V8 sizes its heap by the machine's memory, not by the program's need: on a machine of 24 GB it let 370 MB pile up
 * where 55 MB were alive. A sidecar pays a little more CPU for collecting instead (measured: a tenth).
 */
import { setFlagsFromString } from "node:v8"

// The old generation may grow by a quarter of what survived the last collection; the young one does not grow.
setFlagsFromString("--heap-growing-percent=25")
setFlagsFromString("--semi-space-growth-factor=1")
