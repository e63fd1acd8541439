//! Packets and attachments in any order.

use crate::naive;
use arbitrary::{Arbitrary, Unstructured};
use siospec_codec::socket::Assembler;
use siospec_codec::testing::Operation;
use siospec_codec::{Limits, Profile};

/// How many bytes of attachments the assembler may hold here: few, so that the limit is met.
const MAX_BYTES: usize = 40;

/// The assembler does what the naive model does, and never holds more than was announced or allowed.
pub fn holds(data: &[u8]) {
    let Ok(operations) = Vec::<Operation>::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let limits = Limits { max_attachment_bytes: MAX_BYTES, ..Limits::DEFAULT };
    let mut assembler = Assembler::with_profile(Profile::strict(limits));
    let mut model = naive::assembler::Model::new(MAX_BYTES);
    for operation in operations {
        let (ours, expected) = match &operation {
            Operation::Text(text) => (assembler.text(text), model.text(text)),
            Operation::Binary(bytes) => (assembler.binary(bytes.clone()), model.binary(bytes)),
            Operation::Reset => {
                assembler.reset();
                model = naive::assembler::Model::new(MAX_BYTES);
                continue;
            }
        };
        let ours =
            ours.map(|message| message.map(|message| (message.text.text().to_string(), message.attachments)));
        assert_eq!(ours.map_err(|error| error.kind), expected, "{operation:?}");
        let (count, bytes) = assembler.held();
        assert!(count < 10 && bytes <= MAX_BYTES);
        assert_eq!(assembler.is_waiting(), model.is_waiting());
    }
}
