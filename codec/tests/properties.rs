//! Properties of what the generators make; those of raw bytes live in the fuzz targets.

use proptest::prelude::*;
use siospec_codec::engine::{self, Base64, Handshake, packets, payload};
use siospec_codec::json::Json;
use siospec_codec::socket::{AckId, Args, Assembler, Body, Header, Namespace, Owned, Packet, placeholders};
use siospec_codec::testing::{EngineData, EnginePacket, JsonText, SocketBody, SocketPacket, Soup, strategy};
use siospec_codec::{Counter, Encode, Leniency, Limits, Profile, Sink};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(800) })]

    #[test]
    fn a_socket_packet_survives(model in strategy::<SocketPacket>()) {
        let packet = model.borrow();
        let text = packet.to_text();
        prop_assert_eq!(packet.encoded_len(), text.len());
        prop_assert_eq!(Packet::decode(&text), Ok(packet));
        let owned: Owned = Owned::decode(text.as_str().into()).unwrap();
        prop_assert_eq!(owned.packet(), packet);
        prop_assert_eq!(owned.attachments(), packet.attachments());
    }

    #[test]
    fn a_header_tells_what_the_packet_does(model in strategy::<SocketPacket>()) {
        let packet = model.borrow();
        let text = packet.to_text();
        let header = Header::split(&text).unwrap();
        prop_assert_eq!(header.namespace(), packet.namespace);
        prop_assert_eq!(header.attachments().unwrap_or(0), packet.attachments());
        let (ack, payload): (Option<AckId>, &str) = match packet.body {
            Body::Connect(payload) => (None, payload.map_or("", Json::as_str)),
            Body::Disconnect => (None, ""),
            Body::ConnectError(payload) => (None, payload.as_str()),
            Body::Event { args, ack, .. } => (ack, args.as_str()),
            Body::Ack { args, id, .. } => (Some(id), args.as_str()),
        };
        prop_assert_eq!((header.ack(), header.payload()), (ack, payload));
        prop_assert_eq!(header.packet(&Profile::STRICT), Ok(packet));
    }

    #[test]
    fn a_header_and_the_rest_make_a_verdict(Soup(text) in strategy::<Soup>(), lenient in any::<bool>()) {
        let profile = if lenient { Profile::reference() } else { Profile::STRICT };
        let in_two_steps = Header::split_as(&text, &profile).and_then(|header| header.packet(&profile));
        prop_assert_eq!(in_two_steps, Packet::decode_as(&text, &profile));
    }

    #[test]
    fn an_engine_packet_survives(model in strategy::<EnginePacket>()) {
        let packet = model.borrow();
        let text = packet.to_text();
        prop_assert_eq!(packet.encoded_len(), text.len());
        prop_assert_eq!(EnginePacket::of(&engine::Packet::decode(&text).unwrap()), model);
    }

    #[test]
    fn a_payload_survives(models in proptest::collection::vec(strategy::<EnginePacket>(), 1..6)) {
        let sent: Vec<_> = models.iter().map(EnginePacket::borrow).collect();
        let mut body = String::new();
        payload::encode(&sent, &mut body);
        prop_assert_eq!(payload::encoded_len(&sent), body.len());
        prop_assert_eq!(body.matches(payload::SEPARATOR).count(), sent.len() - 1);
        let received: Vec<_> = packets(&body).map(|packet| EnginePacket::of(&packet.unwrap())).collect();
        prop_assert_eq!(received, models);
    }

    #[test]
    fn every_sink_gets_the_same(model in strategy::<EnginePacket>()) {
        let packet = model.borrow();
        let (mut bytes, mut text, mut counter) = (Vec::new(), String::new(), Counter::default());
        packet.encode(&mut bytes);
        packet.encode(&mut text);
        packet.encode(&mut counter);
        prop_assert_eq!(&bytes, text.as_bytes());
        prop_assert_eq!(counter.bytes(), bytes.len());
    }

    #[test]
    fn decimals_are_the_usual_ones(number in any::<u64>(), shift in 0..64) {
        let number = number >> shift;
        let mut text = String::new();
        text.write_decimal(number);
        prop_assert_eq!(text, number.to_string());
    }

    #[test]
    fn bytes_survive_base64(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let text = engine::Packet::binary(&bytes).to_text();
        let base64 = Base64::parse(&text[1..]).unwrap();
        prop_assert_eq!(base64.decoded_len(), bytes.len());
        prop_assert_eq!(base64.to_vec(), bytes);
    }

    #[test]
    fn a_handshake_survives(sid in ".{0,30}", upgrades in proptest::collection::vec(".{0,9}", 0..3), numbers in any::<[u64; 3]>()) {
        let [ping_interval_ms, ping_timeout_ms, max_payload_bytes] = numbers;
        let upgrades = upgrades.into_iter().map(Into::into).collect();
        let handshake = Handshake { sid: sid.into(), upgrades, ping_interval_ms, ping_timeout_ms, max_payload_bytes };
        let text = handshake.to_text();
        prop_assert_eq!(handshake.encoded_len(), text.len());
        prop_assert_eq!(Handshake::decode(&text), Ok(handshake));
    }

    #[test]
    fn generated_json_is_json(JsonText(text) in strategy::<JsonText>()) {
        let json = Json::parse(&text).unwrap();
        prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok());
        // Where serde_json can hold the value, it finds the same members.
        if let (Ok(value), Some(members)) = (serde_json::from_str::<serde_json::Value>(&text), json.members()) {
            for (name, _) in members.clone() {
                let last = json.get(&name.unescape()).unwrap();
                let theirs = &value[&*name.unescape()];
                prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(last.as_str()).unwrap(), theirs);
            }
        }
    }

    #[test]
    fn placeholders_are_where_the_model_put_them(model in strategy::<SocketPacket>()) {
        let (SocketBody::Event { args: text, attachments: Some(count), .. } | SocketBody::Ack { args: text, attachments: Some(count), .. }) = &model.body else {
            return Ok(());
        };
        let args = Args::new(text).unwrap();
        let found: Vec<_> = placeholders(args).collect();
        // The generator writes them in one form only, and never inside a string.
        let expected = text.matches("{\"_placeholder\":true,\"num\":").count();
        prop_assert_eq!(found.len(), expected);
        for placeholder in found {
            prop_assert!(placeholder.num < *count);
            prop_assert_eq!(&text[placeholder.range], format!("{{\"_placeholder\":true,\"num\":{}}}", placeholder.num));
        }
    }

    #[test]
    fn attachments_make_a_message(model in strategy::<SocketPacket>(), size in 0_usize..20) {
        let packet = model.borrow();
        let mut assembler = Assembler::new(Limits::default());
        let mut message = assembler.text(&packet.to_text()).unwrap();
        for _ in 0..packet.attachments() {
            prop_assert!(message.is_none() && assembler.is_waiting());
            message = assembler.binary(vec![7_u8; size]).unwrap();
        }
        let message = message.unwrap();
        prop_assert_eq!(message.packet(), packet);
        prop_assert_eq!(message.attachments, vec![vec![7_u8; size]; packet.attachments() as usize]);
        prop_assert!(!assembler.is_waiting());
    }

    #[test]
    fn a_leniency_never_refuses_more(Soup(text) in strategy::<Soup>(), bits in any::<u32>()) {
        let chosen = Leniency::ALL.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
        let leniency = chosen.fold(Leniency::NONE, |all, (_, (flag, _))| all | *flag);
        let lenient = Packet::decode_as(&text, &Profile { leniency, ..Profile::STRICT });
        if let Ok(packet) = Packet::decode(&text) {
            prop_assert_eq!(lenient, Ok(packet));
        }
        if let Err(error) = lenient {
            prop_assert!(text.is_char_boundary(error.offset));
        }
    }

    #[test]
    fn a_namespace_is_what_a_packet_can_carry(name in "/?[a,/é?]{0,5}") {
        let text = format!("1{name},");
        let carried = Packet::decode(&text).ok().filter(|packet| packet.namespace == name.as_str());
        let expected = Namespace::new(&name).ok().filter(|namespace| !namespace.as_str().is_empty());
        prop_assert_eq!(carried.map(|packet| packet.namespace), expected);
    }

    #[test]
    fn messages_carry_any_text(text in ".{0,40}") {
        let model = EnginePacket::Message(EngineData::Text(text));
        let encoded = model.borrow().to_text();
        prop_assert_eq!(EnginePacket::of(&engine::Packet::decode(&encoded).unwrap()), model);
    }
}
