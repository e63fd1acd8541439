//! Every property over generated inputs: bytes, and texts that are nearly packets.

use proptest::prelude::*;
use siospec_codec::testing::{Soup, strategy};
use siospec_fuzz::{PROPERTIES, Property, driver, server};

/// The properties of the codec, which are quick.
fn properties() -> impl Iterator<Item = &'static Property> {
    PROPERTIES.iter().filter(|(name, _)| !["driver", "server"].contains(name))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn hold_over_any_bytes(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        for (_, holds) in properties() {
            holds(&data);
        }
    }

    #[test]
    fn hold_over_any_text(text in ".{0,60}") {
        for (_, holds) in properties() {
            holds(text.as_bytes());
        }
    }

    #[test]
    fn hold_over_what_is_nearly_a_packet(Soup(text) in strategy::<Soup>()) {
        for (_, holds) in properties() {
            holds(text.as_bytes());
        }
    }

    #[test]
    fn hold_over_what_is_nearly_a_payload(texts in proptest::collection::vec(strategy::<Soup>(), 0..5)) {
        let texts: Vec<_> = texts.into_iter().map(|Soup(text)| text).collect();
        let body = texts.join("\u{1e}");
        siospec_fuzz::payload::holds(body.as_bytes());
        siospec_fuzz::naive_twin::holds(body.as_bytes());
    }

    #[test]
    fn hold_over_what_is_nearly_a_payload_in_pieces(
        texts in proptest::collection::vec(strategy::<Soup>(), 0..4),
        cuts in proptest::collection::vec(0_u8..20, 0..7),
    ) {
        let texts: Vec<_> = texts.into_iter().map(|Soup(text)| text).collect();
        let counted: String = texts.iter().map(|text| format!("{}:{text}", text.encode_utf16().count())).collect();
        for body in [texts.join("\u{1e}"), counted] {
            let head = [&[cuts.len() as u8][..], &cuts].concat();
            siospec_fuzz::incremental_payload::holds(&[&head, body.as_bytes()].concat());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn a_server_holds_whatever_its_clients_do(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        server::holds(&data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn a_driver_holds_however_connections_are_chopped_up(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        driver::holds(&data);
    }
}
