"""One port for everybody: who is let in, and on which address we answer."""

from __future__ import annotations

import random
import socket

import pytest
from aiortc import rtcdtlstransport

from signaling.media import rtcp
from signaling.media.transport import MAX_CREDENTIALS, SILENT_PATH_S
from signaling.media.udp import UdpMux
from tests.media.wire import Client, Plane, stranger, until


class TestPort:
    async def test_udp_and_tcp_have_one_number_and_candidates_say_so(self, wire: Plane) -> None:
        host, port = wire.mux.address
        udp, tcp = wire.mux.candidates
        assert udp.split()[4:6] == tcp.split()[4:6] == [host, str(port)]
        assert (udp.split()[2], tcp.split()[2], tcp.split()[-2:]) == ("udp", "tcp", ["tcptype", "passive"])
        with socket.create_connection((host, port)):
            pass

    async def test_another_host_can_be_advertised(self) -> None:
        mux = UdpMux(("127.0.0.1", 0), advertise="198.51.100.7")
        await mux.serve()
        assert all("198.51.100.7" in candidate for candidate in mux.candidates)
        mux.close()

    async def test_a_port_in_use_is_refused(self, wire: Plane) -> None:
        with pytest.raises(OSError, match="in use"):
            await UdpMux(wire.mux.address).serve()

    async def test_closing_twice_is_closing(self, wire: Plane) -> None:
        wire.mux.close()
        wire.mux.close()


class TestChecks:
    async def test_a_check_with_our_password_is_answered_with_its_origin(self, wire: Plane) -> None:
        anna, client = wire.member("anna"), wire.client()
        answer = await client.checked(anna.transport)
        assert answer.attributes["XOR-MAPPED-ADDRESS"] == client.address
        assert anna.transport.validated

    async def test_a_check_with_a_guess_is_not_answered_and_binds_nothing(self, wire: Plane) -> None:
        anna, client = wire.member("anna"), wire.client()
        client.check(anna.transport, password="a guess")
        await until(lambda: wire.mux.dropped["stun-foreign"], "the check has been looked at")
        assert not anna.transport.validated
        assert not wire.mux.paths
        assert not client.answers

    async def test_after_an_ice_restart_old_and_new_passwords_count(self, wire: Plane) -> None:
        anna, client = wire.member("anna"), wire.client()
        before = anna.transport.params("passive")
        anna.transport.new_credentials()
        after = anna.transport.params("passive")
        assert (before.ufrag, before.pwd) != (after.ufrag, after.pwd)
        assert {before.ufrag, after.ufrag} <= wire.mux.by_ufrag.keys()
        await client.checked(anna.transport)

    async def test_credentials_do_not_pile_up(self, wire: Plane) -> None:
        anna = wire.member("anna")
        for _ in range(50):
            anna.transport.new_credentials()
        assert len(wire.mux.by_ufrag) == MAX_CREDENTIALS
        assert anna.transport.params("passive").ufrag in wire.mux.by_ufrag

    async def test_addresses_of_one_peer_do_not_pile_up(self, wire: Plane) -> None:
        anna = wire.member("anna")
        for _ in range(40):
            await wire.client().checked(anna.transport)
        assert len(wire.mux.paths) <= 16


class TestPaths:
    async def test_the_nominated_address_gets_the_media(self, wire: Plane) -> None:
        anna = await wire.join("anna")
        elsewhere = wire.client()
        elsewhere.dtls = anna.client.dtls
        await elsewhere.checked(anna.transport, nominate=False)
        anna.transport.send_rtcp(rtcp.pli(1, 77))
        await until(lambda: anna.client.reports, "the old address is still the one")
        await elsewhere.checked(anna.transport, nominate=True)
        anna.transport.send_rtcp(rtcp.pli(1, 78))
        await until(lambda: elsewhere.reports, "the new one has taken over")
        assert anna.client.reports == [rtcp.KeyframeRequest(77)]
        assert elsewhere.reports == [rtcp.KeyframeRequest(78)]

    async def test_a_checked_address_that_goes_on_sending_takes_over_from_a_silent_one(
        self, wire: Plane
    ) -> None:
        anna = await wire.join("anna")
        elsewhere = wire.client()
        elsewhere.dtls = anna.client.dtls
        await elsewhere.checked(anna.transport, nominate=False)

        def moved() -> bool:
            elsewhere.send_rtcp(rtcp.receiver_report(5))
            return anna.transport.path is not None and anna.transport.path.address == elsewhere.address

        await until(moved, "the address that speaks is the one", within_s=SILENT_PATH_S * 10)

    async def test_media_goes_over_tcp_too(self, wire: Plane) -> None:
        anna = await wire.join("anna")
        ben = await wire.join("ben", await wire.tcp_client())
        heard = ben.watch(anna.publish("audio", ssrc=5000))
        seen = anna.watch(ben.publish("audio", ssrc=5000))
        anna.talk(1)
        ben.talk(1)
        await until(lambda: ben.client.of(heard) and anna.client.of(seen), "both have heard each other")

    async def test_a_closed_tcp_connection_is_a_lost_path(self, wire: Plane) -> None:
        anna = await wire.join("anna", await wire.tcp_client())
        await anna.client.close()
        await until(lambda: anna.transport.path is None, "the path is gone")
        anna.transport.send_rtcp(rtcp.pli(1, 2))
        assert wire.mux.dropped["unconnected"] == 1


class TestDtls:
    async def test_suites_and_srtp_profile_are_authenticated_encryption(self, wire: Plane) -> None:
        anna = await wire.join("anna")
        assert anna.transport._dtls.srtp_profile == "SRTP_AEAD_AES_128_GCM"
        assert anna.client.dtls._ssl is not None
        cipher = anna.client.dtls._ssl.get_cipher_name()
        assert cipher is not None
        assert "GCM" in cipher or "CHACHA20" in cipher
        assert anna.connects == [anna.transport]

    async def test_a_client_without_gcm_gets_the_older_profile(self, wire: Plane) -> None:
        client = wire.client()
        client.dtls._srtp_profiles = [rtcdtlstransport.SRTP_AES128_CM_SHA1_80]
        anna, ben = await wire.join("anna", client), await wire.join("ben")
        assert anna.transport._dtls.srtp_profile == "SRTP_AES128_CM_SHA1_80"
        copy = anna.watch(ben.publish("audio", ssrc=5000))
        ben.talk(1)
        await until(lambda: anna.client.of(copy), "encrypted in the older way")

    @pytest.mark.parametrize("seed", [1, 2, 3])
    async def test_a_handshake_survives_loss(self, wire: Plane, seed: int) -> None:
        chance, client = random.Random(seed), wire.client()
        client.lose = lambda data: chance.random() < 0.2
        anna = await wire.join("anna", client)
        assert anna.transport.connected

    async def test_another_certificate_is_refused(self, wire: Plane) -> None:
        anna, client, other = wire.member("anna"), wire.client(), wire.client()
        await client.checked(anna.transport)
        anna.transport.start(other.fingerprint, with_sctp=False)
        await client.handshake(anna.transport.params("passive").fingerprint)
        await until(lambda: anna.ends, "the server has looked at the certificate")
        assert not anna.transport.connected
        assert wire.mux.dropped["dtls-failed"] == 1

    async def test_nobody_is_connected_before_a_valid_check(self, wire: Plane) -> None:
        anna, client = wire.member("anna"), wire.client()
        anna.transport.start(client.fingerprint, with_sctp=False)
        with stranger(wire.mux.address) as send:
            send(HELLO)
            await until(lambda: wire.mux.dropped["foreign"] == 1, "the hello was dropped")
        await anna_connects(client, anna.transport.params("passive").fingerprint, wire)

    async def test_the_end_of_the_peer_is_told_once(self, wire: Plane) -> None:
        anna = await wire.join("anna")
        await anna.client.dtls.stop()
        await until(lambda: anna.ends, "the end was told")
        assert anna.ends == [anna.transport]
        assert not anna.transport.connected


async def anna_connects(client: Client, fingerprint: str, wire: Plane) -> None:
    """After somebody else's hello, the true client still comes in."""
    [anna] = wire.members
    await client.checked(anna.transport)
    await client.handshake(fingerprint)
    await until(lambda: anna.transport.connected, "the true client is in")


HELLO = bytes.fromhex("16feff0000000000000000002a010000 1e000000000000001efefd".replace(" ", "")) + bytes(64)


class TestClosing:
    async def test_nothing_of_a_closed_transport_remains(self, wire: Plane) -> None:
        anna, ben = await wire.join("anna"), await wire.join("ben", await wire.tcp_client())
        await anna.transport.close()
        await ben.transport.close()
        await anna.transport.close()
        assert not wire.mux.by_ufrag
        assert not wire.mux.paths
        assert anna.transport.closed
        assert not anna.ends, "our own close is no news"
        anna.client.send_rtcp(rtcp.pli(1, 2))
        await until(lambda: wire.mux.dropped["foreign"], "its packets are a stranger's now")

    async def test_a_transport_can_be_closed_at_any_time(self, wire: Plane) -> None:
        unchecked, checked, halfway = wire.member("anna"), wire.member("ben"), wire.member("carol")
        await wire.client().checked(checked.transport)
        client = wire.client()
        await client.checked(halfway.transport)
        halfway.transport.start(client.fingerprint, with_sctp=True)
        for member in (unchecked, checked, halfway):
            await member.transport.close()
            assert member.transport.closed
        assert not wire.mux.by_ufrag
