//! Feature `testing`: owned models that generators can fill, for tests and fuzz targets.
//!
//! There is one generator per model, its [`Arbitrary`](arbitrary::Arbitrary) implementation. A fuzzer feeds it
//! raw bytes; feature `proptest` turns it into a strategy that shrinks by dropping bytes.

mod json;
mod packet;
mod soup;

pub use json::JsonText;
pub use packet::{EngineData, EnginePacket, Operation, SocketBody, SocketPacket};
pub use soup::{Soup, WORDS};

/// A strategy for anything that can be made from bytes.
#[cfg(feature = "proptest")]
pub fn strategy<T>() -> impl proptest::strategy::Strategy<Value = T>
where
    T: for<'a> arbitrary::Arbitrary<'a> + core::fmt::Debug,
{
    use proptest::strategy::Strategy;
    proptest::collection::vec(proptest::num::u8::ANY, 0..300).prop_filter_map("too few bytes", |bytes| {
        T::arbitrary_take_rest(arbitrary::Unstructured::new(&bytes)).ok()
    })
}
