//! What sights have in common, and how they differ.

use serde_json::Value;

use crate::{
    siot::{ANYTHING, Data, SOCKETS, Sight, Status, UNORDERED},
    stage::Sio,
};

/// The id of the socket that a watcher is told of: who comes or goes.
pub(super) fn told_of(sight: &Sight) -> Option<String> {
    let Sight::Text(text) = sight else { return None };
    let packet = Sio::of_text(text)?;
    let watched = matches!(packet.event_name(), Some("arrived" | "left"));
    packet.data[1].as_str().filter(|_| watched).map(str::to_owned)
}

/// What two sights have in common: `$*` stands where they differ.
pub(crate) fn common(one: &Sight, other: &Sight) -> Sight {
    match (one, other) {
        (Sight::Text(one), Sight::Text(other)) => Sight::Text(common_text(one, other)),
        (Sight::Ping(one), Sight::Ping(other)) => Sight::Ping(common_text(one, other)),
        (Sight::Packets(one), Sight::Packets(other)) if one.len() == other.len() => {
            Sight::Packets(one.iter().zip(other).map(|(one, other)| common_text(one, other)).collect())
        }
        (
            Sight::Reply { status, headers, body },
            Sight::Reply { status: status2, headers: headers2, body: body2 },
        ) if status == status2 => {
            let headers = headers.iter().filter(|header| headers2.contains(header)).cloned().collect();
            let body = match (body, body2) {
                (Some(Data::Text(one)), Some(Data::Text(other))) => {
                    let (ones, others): (Vec<_>, Vec<_>) =
                        (one.split('\u{1e}').collect(), other.split('\u{1e}').collect());
                    let both = ones.iter().zip(&others).map(|(one, other)| common_text(one, other));
                    (ones.len() == others.len()).then(|| Data::Text(both.collect::<Vec<_>>().join("\u{1e}")))
                }
                (one, other) if one == other => one.clone(),
                _ => None,
            };
            Sight::Reply { status: *status, headers, body }
        }
        (one, other) if one == other => one.clone(),
        (Sight::Closed(_), Sight::Closed(_)) => Sight::Closed(None),
        _ => Sight::Anything,
    }
}

/// Whether a sight that was seen is one of those that are due: they have nothing more in common than the due one says.
pub(crate) fn covers(due: &Sight, seen: &Sight) -> bool {
    if let (Sight::Reply { status, body: None, headers }, Sight::Reply { status: Status::Code(got), .. }) =
        (due, seen)
        && headers.is_empty()
    {
        return status.holds(*got);
    }
    common(due, seen) == common(due, due)
}

fn common_text(one: &str, other: &str) -> String {
    match (with_json(one), with_json(other)) {
        (Some((head, one)), Some((head2, other))) if head == head2 => {
            format!("{head}{}", common_json(one, other))
        }
        _ if one == other => one.to_owned(),
        _ => ANYTHING.to_owned(),
    }
}

/// Nesting is bounded by the parser that read the values.
fn common_json(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            Value::Array(one.into_iter().zip(other).map(|(one, other)| common_json(one, other)).collect())
        }
        (Value::Object(one), Value::Object(mut other))
            if one.len() == other.len() && one.keys().all(|key| other.contains_key(key)) =>
        {
            let both = one.into_iter().map(|(key, mut one)| {
                let mut other = other.remove(&key).unwrap_or_default();
                if UNORDERED.contains(&key.as_str()) {
                    in_order(&key, &mut one);
                    in_order(&key, &mut other);
                }
                (key, common_json(one, other))
            });
            Value::Object(both.collect())
        }
        (one, other) if one == other => one,
        _ => Value::String(ANYTHING.to_owned()),
    }
}

/// The same sight, anything in the place of what stands in lists without order.
pub(super) fn vague(sight: &Sight) -> Sight {
    let Sight::Text(text) = sight else { return sight.clone() };
    let Some((head, Value::Array(mut args))) = with_json(text) else { return sight.clone() };
    for value in args.iter_mut().filter_map(Value::as_object_mut).flat_map(|map| map.iter_mut()) {
        if let (key, Value::Array(list)) = value
            && UNORDERED.contains(&key.as_str())
        {
            let scalars = list.iter_mut().filter(|value| !value.is_array() && !value.is_object());
            scalars.for_each(|value| *value = Value::String(ANYTHING.to_owned()));
        }
    }
    Sight::Text(format!("{head}{}", Value::Array(args)))
}

/// Puts a list that has no order into one. Sockets that do not take part are left out.
fn in_order(key: &str, value: &mut Value) {
    if let Value::Array(list) = value {
        let ours =
            |socket: &Value| socket["id"].as_str().is_none_or(|id| id.starts_with('$') && id != ANYTHING);
        list.retain(|value| key != SOCKETS || ours(value));
        list.sort_by_cached_key(Value::to_string);
    }
}

pub(crate) fn with_json(packet: &str) -> Option<(&str, Value)> {
    let start = packet.find(['{', '['])?;
    let (head, json) = packet.split_at_checked(start)?;
    Some((head, serde_json::from_str(json).ok()?))
}
