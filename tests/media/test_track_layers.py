"""Of a camera's simulcast layers each viewer gets one at a time, and no seam shows where it changes."""

from __future__ import annotations

import itertools

from signaling.media import rtp
from tests.media.tracks import HIGH, LOW, MIDDLE, Camera, asked, shows, steps, words
from tests.media.wire import Member, Plane, until


class TestLayers:
    async def test_each_viewer_gets_its_own_and_changes_leave_no_seam(
        self, wire: Plane, anna: Member, ben: Member
    ) -> None:
        camera = Camera(anna)
        carol = await wire.join("carol")
        small, large = ben.watch(camera.source), carol.watch(camera.source)
        small.want = 0
        await shows(ben, small, "q", camera)
        await shows(carol, large, "f", camera)
        small.want, large.want = 2, 0
        await shows(ben, small, "f", camera)
        await shows(carol, large, "q", camera)
        small.want = 1
        await shows(ben, small, "h", camera)
        for member, copy in ((ben, small), (carol, large)):
            packets = member.client.of(copy)
            said = [rtp.vp8(p.payload) for p in packets]
            assert {s.keyframe for s in said} == {True}
            assert steps(packets) == [1] * (len(packets) - 1)
            assert all((b.ts - a.ts) & 0xFFFFFFFF < 90_000 * 5 for a, b in itertools.pairwise(packets))
            assert all((b.ts - a.ts) & 0xFFFFFFFF > 0 for a, b in itertools.pairwise(packets))
            ids = [s.picture_id for s in said]
            assert [(b - a) & 0x7FFF for a, b in itertools.pairwise(ids)] == [1] * (len(ids) - 1)
            assert [(b.tl0 - a.tl0) & 0xFF for a, b in itertools.pairwise(said)] == [1] * (len(ids) - 1)

    async def test_it_changes_at_a_keyframe_and_not_before(self, anna: Member, ben: Member) -> None:
        camera = Camera(anna)
        copy = ben.watch(camera.source)
        copy.want = 0
        await shows(ben, copy, "q", camera)
        copy.want = 2
        copy.choose()
        await asked(anna, HIGH)
        before = len(ben.client.of(copy))
        for _ in range(5):
            camera.shoot()
        await until(lambda: len(ben.client.of(copy)) == before + 5, "goes on meanwhile")
        assert {word[-1:] for word in words(ben, copy)[before:]} == {b"q"}
        camera.shoot(key=True)
        await until(
            lambda: words(ben, copy)[-1] and words(ben, copy)[-1][-16:] == camera.last_word("f"), "changed"
        )

    async def test_a_layer_that_ends_is_replaced_by_another(self, anna: Member, ben: Member) -> None:
        camera = Camera(anna)
        copy = ben.watch(camera.source)
        await shows(ben, copy, "f", camera)
        await shows(ben, copy, "h", camera, LOW, MIDDLE)

    async def test_packets_without_a_layers_name_are_not_accepted(self, anna: Member, ben: Member) -> None:
        camera = Camera(anna)
        anna.film(1, ssrc=LOW, mid="0", key=True)
        await until(lambda: anna.ingress.counts["unbound"], "looked at")
        assert not camera.source.layers
