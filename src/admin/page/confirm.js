/** One question before what can't be undone. */
import { byId } from "./dom.js"

const dialog = byId("confirm", HTMLDialogElement)
const title = byId("confirm-title", HTMLHeadingElement)
const text = byId("confirm-text", HTMLParagraphElement)
const no = byId("confirm-no", HTMLButtonElement)
const yes = byId("confirm-yes", HTMLButtonElement)

/** Answers the question that is open. @type {(isYes: boolean) => void} */
let answer = () => undefined

no.addEventListener("click", () => dialog.close("no"))
yes.addEventListener("click", () => dialog.close("yes"))
dialog.addEventListener("close", () => {
  // It is told later than it happens; the next question may be open by then, and must not take this answer.
  if (!dialog.open) answer(dialog.returnValue === "yes")
})

/**
 * Cancel has the focus, and Escape is Cancel; the focus then goes back to where it was.
 *
 * @param {{ title: string, text: string, yes: string, isDangerous: boolean }} question
 * @returns {Promise<boolean>}
 */
export const confirm = (question) => {
  answer(false)
  title.textContent = question.title
  text.textContent = question.text
  yes.textContent = question.yes
  yes.className = question.isDangerous ? "danger" : "main"
  dialog.returnValue = "no"
  dialog.showModal()
  no.focus()
  return new Promise((resolve) => {
    answer = resolve
  })
}
