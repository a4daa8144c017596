import type { Participant, Track } from "livekit-client";
import { useEffect, useRef, useState } from "react";
import type { Member } from "../../protocol/messages.gen";
import { fit, type Size } from "../layout";
import { useWords } from "../words";
import { Icon } from "./Icon";
import { hueOf, initialsOf } from "./Initials";
import { useShown } from "./participant";

function Picture(props: { readonly track: Track; readonly mirrored: boolean; readonly tile: Size }) {
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
  return (
    <video
      ref={video}
      className="picture"
      data-fit={shape === null ? "cover" : fit(shape, props.tile.width / Math.max(1, props.tile.height))}
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

interface Props {
  readonly member: Member;
  readonly you: boolean;
  readonly tile: Size;
}

/** One person who is here but whose media is not (yet, or any more). */
export function EmptyTile(props: Props) {
  const words = useWords();
  const status = props.member.interrupted ? words.tileInterrupted : words.tileConnecting;
  return <Frame {...props} speaking={false} muted={false} status={status} />;
}

/** One person's face, or their initials while the camera is off. */
export function Tile(props: Props & { readonly participant: Participant }) {
  const { participant, member } = props;
  const words = useWords();
  const { picture, muted, speaking, weak } = useShown(participant);
  const status = member.interrupted ? words.tileInterrupted : weak ? words.tileWeak : "";
  return (
    <Frame {...props} speaking={speaking} muted={muted} status={status}>
      {picture && <Picture track={picture} mirrored={props.you} tile={props.tile} />}
    </Frame>
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
  const { member, tile, speaking, muted, status } = props;
  const name = props.you ? words.you(member.name) : member.name;
  const staff = member.role === "facilitator";
  return (
    <li
      className="tile"
      style={{ width: tile.width, height: tile.height }}
      data-testid="tile"
      data-person={member.personId}
      data-speaking={speaking}
      data-interrupted={member.interrupted}
      data-hue={hueOf(member.personId)}
    >
      <span className="tile-initials" aria-hidden="true">
        {initialsOf(member.name)}
      </span>
      {props.children}
      {status !== "" && (
        <span className="tile-status">
          <Icon name="weak" /> {status}
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
    </li>
  );
}
