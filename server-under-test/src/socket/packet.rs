//! Packets on their way out.

use siospec_codec::{
    Encode as _,
    json::Json,
    socket::{AckId, Args, Body, Namespace, Packet},
};

use super::{
    messagepack,
    value::{Composer, Value},
};
use crate::{
    config::{Config, Parser},
    engine::{outbox::Frame, signals::Outgoing},
    fault::Fault,
};

/// The answer to CONNECT; with the private id of the session, if sessions can come back.
#[must_use]
pub fn connected(config: &Config, namespace: &str, sid: &str, pid: Option<&str>) -> Outgoing {
    let payload = match (config.fault, pid) {
        (Some(Fault::ConnectWithoutSid), _) => "{}".to_owned(),
        (Some(Fault::PrivateIdWithoutRecovery), None) => format!(r#"{{"sid":"{sid}","pid":"private"}}"#),
        (_, None) => format!(r#"{{"sid":"{sid}"}}"#),
        (_, Some(pid)) => {
            format!(r#"{{"sid":"{sid}","pid":{}}}"#, Composer::default().string(pid).finish().as_json())
        }
    };
    let payload = Json::parse(&payload).expect("ids need no escapes");
    plain(config, namespace, Body::Connect(Some(payload)))
}

/// The answer to CONNECT for a client of version 4 of the protocol, which has no payload.
#[must_use]
pub fn connected_old(config: &Config, namespace: &str) -> Outgoing {
    plain(config, namespace, Body::Connect(None))
}

/// The refusal of CONNECT, with a payload that is JSON.
#[must_use]
pub fn refused(config: &Config, namespace: &str, payload: &str) -> Outgoing {
    plain(config, namespace, Body::ConnectError(Json::parse(payload).expect("refusals are JSON")))
}

/// DISCONNECT.
#[must_use]
pub fn disconnected(config: &Config, namespace: &str) -> Outgoing {
    let namespace = if config.faulty(Fault::ServerDisconnectUnnamed) { "/" } else { namespace };
    plain(config, namespace, Body::Disconnect)
}

/// An event: a list that begins with its name.
#[must_use]
pub fn event(config: &Config, namespace: &str, args: Value, ack: Option<u64>) -> Outgoing {
    let attachments = count(&args);
    with_args(config, namespace, Body::Event { args: Args::EMPTY, ack: ack.map(AckId), attachments }, args)
}

/// An acknowledgement: a list of values.
#[must_use]
pub fn ack(config: &Config, namespace: &str, id: u64, args: Value) -> Outgoing {
    let attachments = count(&args);
    let namespace = match config.fault {
        Some(Fault::AckWithoutNamespace) if id < 1_000_000 => "/",
        _ => namespace,
    };
    let body = match (config.fault, attachments) {
        (Some(Fault::BinaryAckTypedAsEvent), Some(_)) => {
            Body::Event { args: Args::EMPTY, ack: Some(AckId(id)), attachments }
        }
        _ => Body::Ack { args: Args::EMPTY, id: AckId(id), attachments },
    };
    with_args(config, namespace, body, args)
}

fn count(args: &Value) -> Option<u32> {
    let count = u32::try_from(args.attachments().len()).expect("attachments are counted in memory");
    (count > 0).then_some(count)
}

fn plain(config: &Config, namespace: &str, body: Body<'_>) -> Outgoing {
    let packet = Packet { namespace: proven(namespace), body };
    if config.parser == Parser::MessagePack {
        return messagepack::encode(config, &packet, Vec::new());
    }
    let mut text = "4".to_owned();
    packet.encode(&mut text);
    Outgoing::new(Frame::text(text))
}

/// The head of the packet comes from the codec; the arguments are long, and are copied only once.
fn with_args(config: &Config, namespace: &str, body: Body<'_>, args: Value) -> Outgoing {
    let (json, attachments) = args.into_parts();
    if config.parser == Parser::MessagePack {
        let args = Args::new(&json).expect("a list that was put together from JSON");
        let body = match body {
            Body::Event { ack, attachments, .. } => Body::Event { args, ack, attachments },
            Body::Ack { id, attachments, .. } => Body::Ack { args, id, attachments },
            body => body,
        };
        return messagepack::encode(config, &Packet { namespace: proven(namespace), body }, attachments);
    }
    let packet = Packet { namespace: proven(namespace), body };
    // Exactly as much as is needed: what is left over would have to be kept track of while the text is shared.
    let mut text = String::with_capacity(1 + packet.encoded_len() - Args::EMPTY.as_str().len() + json.len());
    text.push('4');
    packet.encode(&mut text);
    text.truncate(text.len() - Args::EMPTY.as_str().len());
    if config.faulty(Fault::BinaryNamespaceBeforeCount)
        && !attachments.is_empty()
        && let Some((count, id)) = text[2..].split_once(&format!("-{namespace},"))
    {
        text = format!("{}{namespace},{count}-{id}", &text[..2]);
    }
    text.push_str(&json);
    Outgoing { attachments, ..Outgoing::new(Frame::text(text)) }
}

fn proven(namespace: &str) -> Namespace<'_> {
    Namespace::new(namespace).expect("the names of namespaces come out of packets")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Config, Outgoing, Value, ack, connected, disconnected, event, refused};

    fn text(outgoing: &Outgoing) -> &str {
        outgoing.text().unwrap()
    }

    #[test]
    fn packets_are_as_the_protocol_writes_them() {
        let config = Config::default();
        assert_eq!(text(&connected(&config, "/custom", "abc", None)), r#"40/custom,{"sid":"abc"}"#);
        let private = connected(&config, "/", "abc", Some("xyz"));
        assert_eq!(text(&private), r#"40{"sid":"abc","pid":"xyz"}"#);
        assert_eq!(text(&refused(&config, "/x?y", r#"{"message":"no"}"#)), r#"44/x?y,{"message":"no"}"#);
        assert_eq!(text(&disconnected(&config, "/")), "41");
        assert_eq!(text(&disconnected(&config, "/custom")), "41/custom,");
        assert_eq!(text(&event(&config, "/", Value::json(r#"["a"]"#), None)), r#"42["a"]"#);
        let binary = Value::cut(r#"[{"_placeholder":true,"num":0}]"#, &[Bytes::from_static(b"x")]);
        let packet = ack(&config, "/custom", 7, binary);
        assert_eq!(text(&packet), r#"461-/custom,7[{"_placeholder":true,"num":0}]"#);
        assert_eq!(packet.attachments.len(), 1);
    }
}
