/** The files of `wazuh/`: beside the bundle in the image, above the sources in a checkout. */
import { fileURLToPath } from "node:url"
import { Data, Effect, FileSystem, Path, Runtime } from "effect"
import { CliError } from "effect/cli"

export class ContentMissing extends Data.TaggedError("ContentMissing")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

/** From the bundle in the image, from the bundle in `dist`, from this file. */
const BESIDE = ["./wazuh/", "../wazuh/", "../../wazuh/"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
)

/**
 * The text of one file of `wazuh/`, such as `template/waybill-template.json`.
 *
 * @param folder where to look instead of beside Waybill
 */
export const readContent = Effect.fnUntraced(function* (name: string, folder?: string) {
  const fs = yield* FileSystem.FileSystem
  const { join } = yield* Path.Path
  const places = (folder === undefined ? BESIDE : [folder]).map((place) => join(place, name))
  for (const place of places) {
    if (!(yield* Effect.orElseSucceed(fs.exists(place), () => false))) continue
    return yield* Effect.mapError(
      fs.readFileString(place),
      (error) => new ContentMissing({ message: `${place} can't be read (${error.reason._tag}).` }),
    )
  }
  return yield* new ContentMissing({
    message: `${name} is not there; looked for ${places.join(", ")}. Give the folder of Waybill's Wazuh files with --content.`,
  })
})
