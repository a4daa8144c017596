import { Track, type Participant } from "livekit-client";
import { useEffect, useRef, useState } from "react";
import type { Member } from "../../protocol/messages.gen";
import { fit, type Size } from "../layout";
import type { Reaction } from "../reactions";
import type { Place } from "../scene";
import { useWords } from "../words";
import { Icon } from "./Icon";
import { hueOf, initialsOf } from "./Initials";
import { useShown } from "./participant";
import { ReactionIcon } from "./ReactionIcon";

function Picture(props: { readonly track: Track; readonly mirrored: boolean; readonly tile: Size; readonly whole?: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const [shape, setShape] = useState<number | null>(null);
  const { track } = props;
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    track.attach(element);
    return () => void track.detach(element);
  }, [track]);
  const look = ({ currentTarget: { videoWidth, videoHeight } }: { currentTarget: HTMLVideoElement }) =>
    setShape(videoHeight > 0 ? videoWidth / videoHeight : null);
  const best = shape === null ? "cover" : fit(shape, props.tile.width / Math.max(1, props.tile.height));
  return (
    <video
      ref={video}
      className="picture"
      data-fit={props.whole ? "contain" : best}
      data-mirrored={props.mirrored}
      data-showing={shape !== null}
      aria-hidden="true"
      autoPlay
      playsInline
      muted
      onLoadedMetadata={look}
      onResize={look}
    />
  );
}

/** What stands on a tile beside the face. */
export interface Marks {
  readonly pinned: boolean;
  readonly spotlit: boolean;
  readonly reaction: Reaction | undefined;
  /** One's own picture, as in a mirror. */
  readonly mirrored: boolean;
  /** Call help for this person; undefined where nobody may or need. */
  readonly onCrisis: (() => void) | undefined;
}

interface Props {
  readonly member: Member;
  readonly you: boolean;
  readonly place: Place;
  readonly large: boolean;
  readonly marks: Marks;
  /** The picture is left out to spare the line. */
  readonly faceless: boolean;
  readonly onOpen: () => void;
}

/** One person who is here but whose media is not (yet, or any more). */
export function EmptyTile(props: Props) {
  const words = useWords();
  const status = props.member.interrupted ? words.tileInterrupted : words.tileConnecting;
  return <Frame {...props} speaking={false} muted={false} status={status} />;
}

/** One person's face, or their initials while the camera is off. */
export function Tile(props: Props & { readonly participant: Participant }) {
  const { participant, member, marks } = props;
  const words = useWords();
  const { picture, muted, speaking, weak } = useShown(participant);
  const status = member.interrupted ? words.tileInterrupted : weak ? words.tileWeak : "";
  return (
    <Frame {...props} speaking={speaking} muted={muted} status={status}>
      {picture && !props.faceless && <Picture track={picture} mirrored={props.you && marks.mirrored} tile={props.place} />}
    </Frame>
  );
}

const at = ({ x, y, width, height }: Place) => ({ width, height, transform: `translate(${x}px, ${y}px)` });

/** A shared screen, shown whole. */
export function ScreenTile(props: { readonly name: string; readonly participant: Participant; readonly place: Place }) {
  const words = useWords();
  const { screen } = useShown(props.participant);
  return (
    <li className="tile screen-tile" style={at(props.place)} data-testid="screen">
      {screen ? (
        <Picture track={screen} mirrored={false} tile={props.place} whole />
      ) : (
        <span className="tile-status">
          <Icon name="screen" /> {words.tileConnecting}
        </span>
      )}
      <span className="tile-name">
        <Icon name="screen" />
        <span>{words.screenOf(props.name)}</span>
      </span>
    </li>
  );
}

function Frame(
  props: Props & {
    readonly speaking: boolean;
    readonly muted: boolean;
    readonly status: string;
    readonly children?: React.ReactNode;
  },
) {
  const words = useWords();
  const { member, place, speaking, muted, status, marks } = props;
  const name = props.you ? words.you(member.name) : member.name;
  const staff = member.role === "facilitator";
  return (
    <li
      className="tile"
      style={at(place)}
      data-testid="tile"
      data-person={member.personId}
      data-speaking={speaking}
      data-interrupted={member.interrupted}
      data-large={props.large}
      data-tiny={place.width < 132 || place.height < 116}
      data-narrow={place.width < 190}
      data-hue={hueOf(member.personId)}
    >
      <span className="tile-initials" aria-hidden="true">
        {initialsOf(member.name)}
      </span>
      {props.children}
      {status !== "" && (
        <span className="tile-status">
          <Icon name="weak" /> <span>{status}</span>
        </span>
      )}
      <span className="tile-marks">
        {member.hand !== null && (
          <span className="tile-mark hand" data-testid="tile-hand" title={words.handOf(member.hand)}>
            <Icon name="hand" />
            <span aria-hidden="true">{member.hand}</span>
            <span className="visually-hidden">{words.handOf(member.hand)}</span>
          </span>
        )}
        {marks.spotlit && (
          <span className="tile-mark" title={words.spotlit} data-testid="tile-spotlit">
            <Icon name="spotlight" />
            <span className="visually-hidden">{words.spotlit}</span>
          </span>
        )}
        {marks.pinned && (
          <span className="tile-mark" title={words.pinned} data-testid="tile-pinned">
            <Icon name="pin" />
            <span className="visually-hidden">{words.pinned}</span>
          </span>
        )}
      </span>
      {marks.reaction && (
        <span className="tile-reaction" data-testid="tile-reaction" title={words.reactions[marks.reaction]}>
          <ReactionIcon reaction={marks.reaction} />
        </span>
      )}
      <span className="tile-name">
        {staff && <Icon name="facilitator" />}
        <span>{name}</span>
        {staff && <span className="visually-hidden">, {words.roleFacilitator}</span>}
        {member.role === "family" && <span className="tile-role">{words.roleFamily}</span>}
        {muted && (
          <span className="tile-muted" title={words.tileMuted}>
            <Icon name="microphoneOff" />
            <span className="visually-hidden">, {words.tileMuted}</span>
          </span>
        )}
        {speaking && <span className="visually-hidden">, {words.tileSpeaking}</span>}
      </span>
      {marks.onCrisis && (
        <button
          type="button"
          className="tile-crisis"
          data-testid="tile-crisis"
          aria-label={words.crisisButtonFor(member.name)}
          title={words.crisisButton}
          onClick={marks.onCrisis}
        >
          <Icon name="lifebuoy" />
        </button>
      )}
      <button
        type="button"
        className="tile-open"
        data-testid="tile-open"
        aria-label={props.you ? words.actsOnYou : words.actsOnTile(member.name)}
        aria-haspopup="dialog"
        onClick={props.onOpen}
      >
        <span className="tile-more" aria-hidden="true">
          <Icon name="more" />
        </span>
      </button>
    </li>
  );
}
