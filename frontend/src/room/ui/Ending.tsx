import type { Session } from "../session";
import { useWords, type Words } from "../words";
import { useFocusOnArrival } from "./hooks";

export type EndingKind = "left" | "declined" | "removed" | "ended" | "replaced" | "signedOut" | "notFound" | "outdated";

function textsOf(kind: EndingKind, words: Words): readonly string[] {
  switch (kind) {
    case "left":
      return [words.leftTitle, words.leftText];
    case "declined":
      return [words.declinedTitle, words.declinedText, words.declinedHint];
    case "removed":
      return [words.removedTitle, words.removedText];
    case "ended":
      return [words.endedTitle, words.endedText];
    case "replaced":
      return [words.replacedTitle, words.replacedText];
    case "signedOut":
      return [words.signedOutTitle, words.signedOutText];
    case "notFound":
      return [words.notFoundTitle, words.notFoundText];
    case "outdated":
      return [words.outdatedTitle, words.outdatedText];
  }
}

/** What has happened, and what happens next. */
export function Ending(props: { readonly kind: EndingKind; readonly session: Session }) {
  const { kind, session } = props;
  const words = useWords();
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [title, ...paragraphs] = textsOf(kind, words);
  const reload = () => location.reload();
  return (
    <main className="calm" data-testid={`ending-${kind}`}>
      <div className="calm-words">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {paragraphs.map((text) => (
          <p className="lead" key={text}>
            {text}
          </p>
        ))}
        <div className="stack calm-ways">
          {kind === "left" && (
            <button type="button" className="button primary thumb" data-testid="come-back" onClick={() => session.comeBack()}>
              {words.comeBack}
            </button>
          )}
          {kind === "replaced" && (
            <button
              type="button"
              className="button primary thumb"
              data-testid="use-here"
              onClick={() => session.media.takeBack()}
            >
              {words.useHere}
            </button>
          )}
          {kind === "outdated" && (
            <button type="button" className="button primary thumb" onClick={reload}>
              {words.reload}
            </button>
          )}
          {kind === "signedOut" && (
            <button type="button" className="button primary thumb" onClick={reload}>
              {words.signIn}
            </button>
          )}
          {kind !== "signedOut" && (
            <a className="button wide" href={session.config.homePath}>
              {words.home}
            </a>
          )}
        </div>
      </div>
    </main>
  );
}
