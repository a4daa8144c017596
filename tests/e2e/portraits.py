"""Cameras for the pictures in docs/screens: everybody sits in a room of their own, drawn, and moves a little."""

from __future__ import annotations

from typing import Final

from playwright.async_api import BrowserContext

# Wall, what stands there, clothes, skin, hair; and whether the hair is long.
PEOPLE: Final = (
    ("#8b9d97", "#6f837c", "#2f4a54", "#e3b594", "#5a3b28", "true"),
    ("#b39b80", "#967d62", "#6b3f35", "#c98f66", "#1f1a17", "false"),
    ("#7f8ea3", "#66768c", "#434a63", "#f0cbb0", "#a9743c", "false"),
    ("#a88f8b", "#8d7470", "#7d5a3a", "#8d5a3c", "#17120f", "true"),
    ("#8f9a7c", "#757f63", "#3c4f3d", "#6e452e", "#221815", "false"),
)
CAMERA: Final = """(() => {
  const [wall, shelf, clothes, skin, hair, long] = [WORDS];
  const { mediaDevices } = navigator;
  if (!mediaDevices) return;
  const ours = mediaDevices.getUserMedia.bind(mediaDevices);
  const round = (to, colour, x, y, across, up) => {
    to.fillStyle = colour;
    to.beginPath();
    to.ellipse(x, y, across, up, 0, 0, 2 * Math.PI);
    to.fill();
  };
  const draw = (to, at) => {
    const x = 320 + 5 * Math.sin(at / 9), y = 178 + 2 * Math.sin(at / 5);
    to.fillStyle = wall;
    to.fillRect(0, 0, 640, 360);
    to.fillStyle = shelf;
    to.fillRect(24, 40, 150, 12);
    [[36, 54], [58, 40], [84, 60], [112, 46]].forEach(([left, high]) => to.fillRect(left, 40 - high / 2, 16, high / 2));
    to.fillRect(500, 0, 10, 360);
    if (long) round(to, hair, x, y + 34, 84, 112);
    to.fillStyle = skin;
    to.fillRect(x - 26, y + 50, 52, 70);
    round(to, clothes, x, 390, 168, 116);
    round(to, skin, x, y + 86, 28, 24);
    round(to, hair, x, y - 26, 72, 70);
    round(to, skin, x, y, 62, 76);
    to.fillStyle = hair;
    to.beginPath();
    to.ellipse(x, y - 34, 66, 46, 0, Math.PI, 2 * Math.PI);
    to.fill();
    for (const side of [-1, 1]) {
      if (at % 40 < 2) { to.fillStyle = '#33241c'; to.fillRect(x + side * 24 - 7, y, 14, 3); }
      else round(to, '#33241c', x + side * 24, y, 5, 6);
    }
    to.strokeStyle = '#33241c';
    to.lineWidth = 4;
    to.lineCap = 'round';
    to.beginPath();
    to.arc(x, y + 22, 22, 0.2 * Math.PI, 0.8 * Math.PI);
    to.stroke();
  };
  const filmed = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const to = canvas.getContext('2d');
    let at = 3;
    draw(to, at);
    setInterval(() => draw(to, at += 1), 125);
    return canvas.captureStream(8).getVideoTracks();
  };
  mediaDevices.getUserMedia = async (wish) => {
    const given = await ours(wish);
    if (!wish?.video) return given;
    for (const track of given.getVideoTracks()) track.stop();
    return new MediaStream([...given.getAudioTracks(), ...filmed()]);
  };
})()"""


async def before_a_camera(context: BrowserContext, number: int) -> None:
    """From the next page on, this browser's camera films the nth of PEOPLE."""
    *colours, long = PEOPLE[number % len(PEOPLE)]
    words = ", ".join([*(f"'{colour}'" for colour in colours), long])
    await context.add_init_script(CAMERA.replace("WORDS", words))
