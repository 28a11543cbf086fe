/** Writes `wazuh/dashboard/waybill.ndjson`: `npm run generate`. */
import { writeFileSync } from "node:fs"
import { OBJECTS } from "./panels.ts"
import { ndjson } from "./savedObjects.ts"

writeFileSync(new URL("../../wazuh/dashboard/waybill.ndjson", import.meta.url), ndjson(OBJECTS))
