/** Which pushed records become events: those whose sender may send their sourcetype. */
import type { Family } from "../Registry.ts"
import { normalizeEvent, SOURCE } from "./event.ts"

/** @param allows `undefined`: there is no such sender any more, and what it had sent is delivered as it is */
export const hecFamily = (allows: (sender: string, sourceType: string) => boolean | undefined): Family => ({
  source: SOURCE,
  choose: ({ attributes, source_type }) =>
    (allows(attributes.token ?? "", source_type) ?? true) ? normalizeEvent : undefined,
})
