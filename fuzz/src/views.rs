//! What packets, names, values and errors say of themselves.

use siospec_codec::json::{Json, Kind, quote};
use siospec_codec::msgpack::{self, Value};
use siospec_codec::socket::{AckId, Args, Body, EventName, Namespace, Packet, RESERVED_EVENT_NAMES};
use siospec_codec::{DecodeError, Encode, Leniency, Limits, Profile, engine};

/// Each way to look at something agrees with the others; each leniency alone accepts what a strict reader
/// accepts, and those of the reference together accept what any of them does.
pub fn holds(data: &[u8]) {
    if let Ok(value) = Value::parse(data) {
        values(value);
    }
    let Ok(text) = core::str::from_utf8(data) else { return };
    more_tolerance_accepts_more(text);
    namespaces(text);
    if let Ok(packet) = Packet::decode(text) {
        packets(text, &packet);
    }
    if let Ok(json) = Json::parse(text) {
        assert_eq!(json.to_string(), json.as_str());
        assert_eq!(format!("{json:?}"), format!("Json({json})"));
        arguments(json);
    }
    names(text);
}

fn more_tolerance_accepts_more(text: &str) {
    let strict = Packet::decode(text);
    let strict_engine = engine::Packet::decode(text);
    let mut all = Leniency::NONE;
    let mut accepted = false;
    for &(flag, name) in Leniency::ALL {
        all |= flag;
        assert_eq!(Leniency::from_name(name), Some(flag));
        assert_eq!((all - flag) | flag, all);
        let profile = Profile { leniency: flag, ..Profile::STRICT };
        let lenient = Packet::decode_as(text, &profile);
        accepted |= lenient.is_ok() && Leniency::REFERENCE.contains(flag);
        if let Ok(packet) = strict {
            assert_eq!(lenient, Ok(packet), "{name}");
        }
        if let Err(error) = lenient {
            says_where(text, error);
        }
        if let Ok(packet) = strict_engine {
            let lenient = engine::Packet::decode_as(text, &profile);
            assert_eq!(lenient.map(|packet| packet.to_text()), Ok(packet.to_text()), "{name}");
        }
    }
    assert_eq!(Leniency::from_name(text).is_some(), all.names().any(|name| name == text));
    assert!(format!("{all:?}").contains("blank-type"));
    // Not `all`: with blanks in acknowledgement ids, what ERROR_VALUE takes for a value begins with an id.
    let together = Packet::decode_as(text, &Profile { leniency: Leniency::REFERENCE, ..Profile::STRICT });
    assert!(!accepted || together.is_ok(), "{together:?}");
}

fn says_where(text: &str, error: DecodeError) {
    assert!(error.offset <= text.len());
    let said = error.to_string();
    assert!(
        said.ends_with(&format!(" at byte {}", error.offset)) && said.starts_with(&error.kind.to_string())
    );
    assert!(!error.kind.name().contains(' '));
}

fn namespaces(text: &str) {
    match Namespace::new(text) {
        Ok(namespace) => {
            assert!(namespace == *text && namespace == text);
            assert_eq!(namespace.to_string(), text);
            assert_eq!(namespace.is_root(), namespace == Namespace::default());
            let (name, query) = namespace.split_query();
            let joined = query.map_or(name.to_string(), |query| format!("{name}?{query}"));
            assert!(joined == text && !name.as_str().contains('?'));
        }
        Err(error) => {
            says_where(text, error);
            assert!(!text.starts_with('/') || text.contains(','));
        }
    }
}

fn packets(text: &str, packet: &Packet<'_>) {
    assert_eq!(Packet::decode_with(text, &Limits::DEFAULT), Ok(*packet));
    assert!(format!("{packet:?}").contains(&format!("{:?}", packet.namespace.as_str())));
    if let Body::Event { args, ack, attachments } = packet.body {
        if let Some(id) = ack {
            assert_eq!(AckId::from(id.0).to_string(), id.0.to_string());
        }
        if ack.is_none() && attachments.is_none() {
            assert_eq!(Packet::event(packet.namespace, args), *packet);
        }
        assert!(!args.is_empty() && args.event_name().is_some_and(|name| !name.is_reserved()));
    }
}

/// The same text, as the arguments of an event.
fn arguments(json: Json<'_>) {
    let padded = format!(" {json}\n");
    match Args::new(&padded) {
        Ok(args) => {
            assert_eq!(args.as_str(), json.as_str());
            assert_eq!(args.is_empty(), args.iter().next().is_none());
            assert_eq!(args.into_iter().count(), args.len());
            match (args.iter().next().map(Json::kind), args.event_name()) {
                (Some(Kind::String | Kind::Number), Some(name)) => event_name(name),
                (Some(Kind::String | Kind::Number), None) | (_, Some(_)) => panic!("{args:?}"),
                _ => {}
            }
        }
        Err(error) => {
            assert!(json.kind() != Kind::Array);
            says_where(&padded, error);
        }
    }
}

fn event_name(name: EventName<'_>) {
    let said = name.to_string();
    match name {
        EventName::Text(text) => {
            assert!(name == said.as_str() && name == *said.as_str());
            assert_eq!(name.is_reserved(), RESERVED_EVENT_NAMES.contains(&said.as_str()));
            assert_eq!(format!("{text:?}"), format!("\"{}\"", text.raw()));
        }
        EventName::Number(number) => {
            assert!(name != number && !name.is_reserved() && said == number);
        }
    }
}

/// Any text, quoted, is an event's name, reserved or not.
fn names(text: &str) {
    let mut array = String::from("[");
    quote(text, &mut array);
    array.push(']');
    let args = Args::new(&array).expect("what is quoted is JSON");
    let name = args.event_name().expect("a string");
    assert!(name == text);
    assert_eq!(name.is_reserved(), RESERVED_EVENT_NAMES.contains(&text));
    event_name(name);
}

/// Exactly one view of a value gives something, but for whole numbers, which are numbers as well.
fn values(value: Value<'_>) {
    use msgpack::Kind as K;
    let shown = format!("{value:?}");
    assert!(shown.starts_with("Value(["));
    let views = [
        value.as_str().is_some(),
        value.as_binary().is_some(),
        value.as_bool().is_some(),
        value.as_f64().is_some(),
        value.elements().is_some(),
        value.members().is_some(),
    ];
    let seen = views.iter().filter(|view| **view).count();
    let opaque = matches!(value.kind(), K::Nil | K::Undefined | K::Extension);
    assert_eq!(seen, usize::from(!opaque), "{shown}");
    assert_eq!(value.kind() == K::Nil, value.as_bytes() == Value::NIL.as_bytes());
    if let Some(number) = value.as_integer() {
        #[expect(clippy::cast_precision_loss, reason = "rounding is what is compared")]
        let rounded = number as f64;
        assert_eq!(value.as_f64(), Some(rounded));
    }
    let counted = value.elements().map(Iterator::count).or_else(|| value.members().map(Iterator::count));
    assert_eq!(value.count(), counted.map(|count| count as u64));
    for element in value.elements().into_iter().flatten() {
        assert_eq!(Value::parse(element.as_bytes()), Ok(element));
    }
}
