//! Every property over generated inputs: bytes, and texts that are nearly packets.

use proptest::prelude::*;
use siospec_codec::testing::{Soup, strategy};
use siospec_fuzz::PROPERTIES;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn hold_over_any_bytes(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        for (_, holds) in PROPERTIES {
            holds(&data);
        }
    }

    #[test]
    fn hold_over_any_text(text in ".{0,60}") {
        for (_, holds) in PROPERTIES {
            holds(text.as_bytes());
        }
    }

    #[test]
    fn hold_over_what_is_nearly_a_packet(Soup(text) in strategy::<Soup>()) {
        for (_, holds) in PROPERTIES {
            holds(text.as_bytes());
        }
    }

    #[test]
    fn hold_over_what_is_nearly_a_payload(texts in proptest::collection::vec(strategy::<Soup>(), 0..5)) {
        let texts: Vec<_> = texts.into_iter().map(|Soup(text)| text).collect();
        siospec_fuzz::payload::holds(texts.join("\u{1e}").as_bytes());
    }
}
