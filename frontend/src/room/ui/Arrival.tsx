import { useId, useRef, useState, type SyntheticEvent, type HTMLInputTypeAttribute } from "react";
import type { Arrival } from "../../protocol/messages.gen";
import { draftOf, missing, stateName, STATES, trimmed, type Field, type Told } from "../arrival";
import type { Session } from "../session";
import { useWords } from "../words";
import { Dialog } from "./Dialog";
import { useFocusOnArrival } from "./hooks";
import { Icon } from "./Icon";

/** Where you are today, as its own page before going in. What was told last time is confirmed with one tap. */
export function ArrivalGate(props: { readonly session: Session; readonly last: Arrival | null; readonly onDone: () => void; readonly onBack: () => void }) {
  const { session, last, onDone } = props;
  const words = useWords();
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [changing, setChanging] = useState(last === null);
  return (
    <main className="door arrival" data-testid="arrival">
      <div className="arrival-body">
        <header>
          <p className="eyebrow">{session.config.title}</p>
          <h1 ref={heading} tabIndex={-1}>
            {changing ? words.arrivalTitle : words.arrivalAgain}
          </h1>
          <p className="soft">{words.arrivalWhy}</p>
        </header>
        <ArrivalForm
          session={session}
          last={last}
          changing={changing}
          onChange={() => {
            setChanging(true);
            heading.current?.focus({ preventScroll: true });
          }}
          onDone={onDone}
        />
        <div className="cluster arrival-ways">
          <button type="button" className="button quiet" data-testid="arrival-back" onClick={props.onBack}>
            {words.arrivalBack}
          </button>
          <button type="button" className="button quiet" data-testid="arrival-skip" onClick={onDone}>
            {words.arrivalSkip}
          </button>
        </div>
      </div>
    </main>
  );
}

/** The same, over the waiting room, for who came in without. */
export function ArrivalDialog(props: { readonly session: Session; readonly last: Arrival | null; readonly onClose: () => void }) {
  const words = useWords();
  const [changing, setChanging] = useState(props.last === null);
  return (
    <Dialog title={props.last === null ? words.arrivalTitle : words.arrivalAgain} onClose={props.onClose}>
      <ArrivalForm {...props} changing={changing} onChange={() => setChanging(true)} onDone={props.onClose} />
    </Dialog>
  );
}

function ArrivalForm(props: {
  readonly session: Session;
  readonly last: Arrival | null;
  readonly changing: boolean;
  readonly onChange: () => void;
  readonly onDone: () => void;
}) {
  const { session, last, changing, onDone } = props;
  const words = useWords();
  const [told, setTold] = useState<Told>(() => draftOf(last));
  const [looked, setLooked] = useState(false); // at what is missing
  const form = useRef<HTMLFormElement>(null);
  const stateId = useId();
  const needs = looked ? missing(told) : [];
  const set = (change: Partial<Told>) => setTold((before) => ({ ...before, ...change }));

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const [first] = missing(told);
    if (first !== undefined) {
      setLooked(true);
      form.current?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
      return;
    }
    void session.act({ type: "arrive", ...trimmed(told) }, "arrival"); // nobody is kept at the door until it is kept
    onDone();
  };

  const text = (field: Exclude<Field, "state">, autoComplete: string, type: HTMLInputTypeAttribute, limit: number) => (
    <TextField
      name={field}
      label={words.arrivalFields[field]}
      type={type}
      autoComplete={autoComplete}
      limit={limit}
      value={told[field]}
      wrong={needs.includes(field) ? words.arrivalNeeds[field] : ""}
      onChange={(value) => set({ [field]: value })}
    />
  );

  return (
    <form className="form arrival-form" ref={form} noValidate onSubmit={submit}>
      {changing ? (
        <div className="arrival-fields">
          {text("address", "street-address", "text", 200)}
          {text("city", "address-level2", "text", 200)}
          <p className="field" data-field="state">
            <label htmlFor={stateId}>{words.arrivalFields.state}</label>
            <select
              id={stateId}
              name="state"
              autoComplete="address-level1"
              value={told.state}
              aria-invalid={needs.includes("state")}
              onChange={({ target }) => set({ state: target.value })}
            >
              <option value="">{words.arrivalChoose}</option>
              {STATES.map(([code, name]) => (
                <option key={code} value={code}>
                  {name}
                </option>
              ))}
            </select>
            {needs.includes("state") && <span className="field-needs">{words.arrivalNeeds.state}</span>}
          </p>
          {text("phone", "tel", "tel", 32)}
          {text("emergencyName", "off", "text", 200)}
          {text("emergencyPhone", "off", "tel", 32)}
        </div>
      ) : (
        <dl className="arrival-card" data-testid="arrival-card">
          <Fact icon="place" term={words.arrivalPlace} value={`${told.address}, ${told.city}, ${stateName(told.state)}`} />
          <Fact icon="phone" term={words.arrivalFields.phone} value={told.phone} />
          <Fact icon="lifebuoy" term={words.arrivalHelper} value={`${told.emergencyName}, ${told.emergencyPhone}`} />
        </dl>
      )}
      <div className="arrival-today">
        <label className="choice">
          <input type="checkbox" name="alone" checked={told.alone} onChange={({ target }) => set({ alone: target.checked })} />
          {words.arrivalAlone}
        </label>
        <label className="choice">
          <input type="checkbox" name="headphones" checked={told.headphones} onChange={({ target }) => set({ headphones: target.checked })} />
          {words.arrivalHeadphones}
        </label>
      </div>
      <p className="visually-hidden" role="alert">
        {needs.length > 0 && words.arrivalIncomplete(needs.length)}
      </p>
      <button type="submit" className="button primary thumb" data-testid="arrival-done">
        {changing ? words.arrivalDone : words.arrivalYes}
      </button>
      {!changing && (
        <button type="button" className="button wide" data-testid="arrival-change" onClick={props.onChange}>
          {words.arrivalChange}
        </button>
      )}
    </form>
  );
}

function Fact(props: { readonly icon: "place" | "phone" | "lifebuoy"; readonly term: string; readonly value: string }) {
  return (
    <div>
      <dt>
        <Icon name={props.icon} />
        <span className="visually-hidden">{props.term}</span>
      </dt>
      <dd>
        <span className="soft" aria-hidden="true">
          {props.term}
        </span>
        {props.value}
      </dd>
    </div>
  );
}

function TextField(props: {
  readonly name: string;
  readonly label: string;
  readonly type: HTMLInputTypeAttribute;
  readonly autoComplete: string;
  readonly limit: number;
  readonly value: string;
  readonly wrong: string;
  readonly onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <p className="field" data-field={props.name}>
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        name={props.name}
        type={props.type}
        autoComplete={props.autoComplete}
        maxLength={props.limit}
        value={props.value}
        aria-invalid={props.wrong !== ""}
        aria-describedby={props.wrong === "" ? undefined : `${id}-needs`}
        onChange={({ target }) => props.onChange(target.value)}
      />
      {props.wrong !== "" && (
        <span className="field-needs" id={`${id}-needs`}>
          {props.wrong}
        </span>
      )}
    </p>
  );
}
