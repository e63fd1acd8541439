//! The parts of a HAR export that matter here.
//!
//! Source: HAR 1.2; WebSocket messages as Chromium adds them to an entry.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

/// A HAR file.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with a `log`")]
pub(super) struct Export {
    pub(super) log: Log,
}

#[derive(Debug, Deserialize)]
pub(super) struct Log {
    pub(super) entries: Vec<Entry>,
}

/// A request and its response.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// ISO 8601.
    pub(super) started_date_time: String,
    /// From the request to the end of the response, in milliseconds; below 0 where it is not known.
    #[serde(default)]
    pub(super) time: Option<f64>,
    pub(super) request: Request,
    pub(super) response: Response,
    #[serde(default, rename = "_webSocketMessages")]
    pub(super) messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) post_data: Option<Body>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Response {
    /// 0 where there was no response.
    pub(super) status: i64,
    #[serde(default)]
    pub(super) content: Body,
}

/// What a request or a response carried.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    pub(super) text: Option<String>,
    /// `base64`, or nothing; some exporters say it of requests too, though HAR does not.
    #[serde(default)]
    pub(super) encoding: Option<String>,
}

/// A WebSocket message.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    /// `send` or `receive`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Seconds since 1970.
    pub(super) time: f64,
    /// 1 for text, 2 for bytes, others for control frames.
    pub(super) opcode: f64,
    /// Text, or bytes in base64.
    pub(super) data: String,
}

impl Export {
    /// Reads a file.
    ///
    /// # Errors
    /// What is missing or wrong, and where in the export.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        // Some exporters begin with a byte order mark.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let export = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            match error.path().to_string().as_str() {
                "." => error.inner().to_string(),
                path => format!("{path}: {}", error.inner()),
            }
        })?;
        json.end().map_err(|error| error.to_string())?;
        Ok(export)
    }
}

impl Body {
    /// Its bytes.
    ///
    /// # Errors
    /// As [`body`].
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        body(self.text.as_deref(), self.encoding.as_deref())
    }
}

/// The bytes of a recorded body.
///
/// # Errors
/// Where it is not recorded, or its encoding does not hold.
pub(super) fn body(text: Option<&str>, encoding: Option<&str>) -> Result<Vec<u8>, String> {
    let Some(text) = text else { return Err("the export does not hold the body".to_owned()) };
    match encoding {
        None | Some("") => Ok(text.as_bytes().to_vec()),
        Some("base64") => STANDARD
            .decode(text)
            .map_err(|error| format!("the body is no base64: {}", error.to_string().trim_end_matches('.'))),
        Some(other) => Err(format!("the body is encoded in an unknown way: {other}")),
    }
}

/// Milliseconds since 1970 of a time in ISO 8601 with a time zone, such as `2026-01-31T12:00:00.123Z`.
pub(super) fn milliseconds(time: &str) -> Option<f64> {
    let (date, rest) = time.split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-').map(|number| number.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone_at);
    let mut clock = clock.splitn(3, ':');
    let hours: f64 = clock.next()?.parse().ok()?;
    let minutes: f64 = clock.next()?.parse().ok()?;
    let seconds: f64 = clock.next().map_or(Some(0.0), |seconds| seconds.parse().ok())?;
    let offset: f64 = match zone.split_at_checked(1) {
        Some((sign @ ("+" | "-"), zone)) => {
            let (hours, minutes) = zone.split_once(':').or_else(|| zone.split_at_checked(2))?;
            let minutes = hours.parse::<f64>().ok()? * 60.0 + minutes.parse::<f64>().ok()?;
            if sign == "+" { minutes } else { -minutes }
        }
        _ => 0.0,
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few million days")]
    let days = days(year, month, day) as f64;
    Some((((days * 24.0 + hours) * 60.0 + minutes - offset) * 60.0 + seconds) * 1000.0)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that a leap day is the
/// last of its year.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leaps = year / 4 - year / 100 + year / 400;
    // 0000-03-01 is 719 468 days before 1970.
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn times_are_read_with_their_zone() {
        assert_eq!(milliseconds("1970-01-01T00:00:00.000Z"), Some(0.0));
        assert_eq!(milliseconds("2000-02-29T12:00:00Z"), Some(951_825_600_000.0));
        assert_eq!(milliseconds("2026-01-31T01:00:00.250+01:00"), Some(1_769_817_600_250.0));
        assert_eq!(milliseconds("2026-01-30T19:30:00.250-0430"), Some(1_769_817_600_250.0));
        for wrong in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00Z"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
