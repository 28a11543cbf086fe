/** `waybill receipts`: what was written in which batch, and when it was confirmed. */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { configuredFeeds } from "../app/configuredFeeds.ts"
import * as Layers from "../app/layers.ts"
import { Configuration } from "../config/Configuration.ts"
import { Receipts } from "../receipts/Receipts.ts"
import { shownReceipt } from "../trace/shown.ts"
import { configured } from "./configured.ts"
import { atLeastOne, json } from "./flags.ts"
import { lineText, paint } from "./terminal/line.ts"
import { receiptLines } from "./traceLines.ts"

/** The whole name of a feed of the configuration; another is taken as it is, since it may have been one before. */
const wholeName = (wanted: string, names: ReadonlyArray<string>): string =>
  names.find((name) => name === wanted) ?? names.find((name) => name.endsWith(`/${wanted}`)) ?? wanted

export const receipts = Command.make(
  "receipts",
  {
    feed: Flag.String("feed").pipe(Flag.optional, Flag.withDescription("Only of this feed, such as flows")),
    limit: Flag.Int("limit").pipe(
      Flag.withDefault(20),
      Flag.withDescription("How many receipts are shown, newest first"),
    ),
    cursor: Flag.Int("cursor").pipe(
      Flag.optional,
      Flag.withDescription("Go on behind the list that named this cursor"),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ cursor, feed, json, limit }) {
    yield* atLeastOne("--limit", limit)
    yield* atLeastOne("--cursor", Option.getOrUndefined(cursor))
    const config = yield* Configuration
    const names = configuredFeeds(config).map((one) => one.feed)
    const of = Option.getOrUndefined(Option.map(feed, (wanted) => wholeName(wanted, names)))
    const { next, receipts } = yield* Effect.flatMap(Receipts, (kept) =>
      kept.page({ feed: of, limit, cursor: Option.getOrUndefined(cursor) }),
    ).pipe(Effect.provide(Layers.receiptsLayer))
    const shown = receipts.map(shownReceipt)
    if (json)
      return yield* Console.log(
        JSON.stringify({ command: "receipts", count: shown.length, next: next ?? null, receipts: shown }),
      )
    const onTerminal = yield* paint
    if (shown.length > 0)
      for (const line of receiptLines(shown)) yield* Console.log(lineText(line, onTerminal))
    yield* Console.log(
      (shown.length === 0
        ? `No receipts${of === undefined ? "" : ` of ${of}`} in ${Layers.receiptsFolder(config)}.`
        : `\n${shown.length.toLocaleString("en")} shown`) +
        (next === undefined ? "" : `\nthe next ones: --cursor ${next}`),
    )
  }, configured),
).pipe(
  Command.withDescription(
    "Show what was written in which batch, newest first: when, how many events, and how long it took until a search " +
      "returned all of them. It reads the file of receipts, beside a running Waybill or without one.",
  ),
  Command.withShortDescription("What was written, and when it was confirmed"),
  Command.withExamples([
    { command: "waybill receipts --feed flows", description: "The newest batches of flows" },
    {
      command: "waybill receipts --limit 1000 --json | jq '.receipts[] | select(.state != \"confirmed\")'",
      description: "What is not confirmed",
    },
  ]),
)
