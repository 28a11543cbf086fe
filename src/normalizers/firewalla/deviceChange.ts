/** Changes of the inventory, as the devices feed finds them; see parts.ts for what holds of every path. */
import { Result } from "effect"
import { encode } from "../encode.ts"
import type { Normalizer } from "../Normalizer.ts"
import { address, boxFields, deviceFields, extraOf, SOURCE, unlessEmpty } from "./parts.ts"
import { readDeviceChange } from "./reading.ts"

export const normalizeDeviceChange: Normalizer = (envelope) =>
  Result.flatMap(readDeviceChange(envelope.payload), (change) =>
    encode(envelope, {
      source: SOURCE,
      type: "device_change",
      timeMillis: change.observed_at,
      fields: {
        srcip: address(change.device?.ip),
        srcuser: change.device?.name,
        firewalla: unlessEmpty({
          ...boxFields(change.gid ?? change.device?.gid, change.box),
          change_type: change.change_type,
          changed: change.changed?.length === 0 ? undefined : change.changed,
          device: deviceFields(change.device),
          previous: deviceFields(change.previous),
          extra: extraOf(change.rest),
        }),
      },
    }),
  )
