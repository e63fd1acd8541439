//! A server that runs already.

use super::TargetError;

/// Reads `http://host[:port][/path/]`; gives host and port, and the path if there is one.
///
/// # Errors
/// A usage error that says what is wrong with it.
pub fn parse_url(url: &str) -> Result<(String, Option<String>), TargetError> {
    let wrong = |why: String| TargetError::Usage(format!("{url:?} is not the URL of a server: {why}"));
    let parsed = reqwest::Url::parse(url).map_err(|error| wrong(error.to_string()))?;
    match parsed.scheme() {
        "http" | "ws" => {}
        "https" | "wss" => {
            return Err(wrong(
                "TLS is not supported; put the server under judgement on plain HTTP".to_owned(),
            ));
        }
        other => return Err(wrong(format!("the scheme must be http, not {other}"))),
    }
    let host = parsed.host_str().ok_or_else(|| wrong("it names no host".to_owned()))?;
    let port = parsed.port_or_known_default().unwrap_or(80);
    let path = parsed.path().trim_matches('/');
    let path = (!path.is_empty()).then(|| format!("/{path}/"));
    Ok((format!("{host}:{port}"), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_port_and_path_are_taken_apart() {
        assert_eq!(parse_url("http://127.0.0.1:3000").unwrap(), ("127.0.0.1:3000".to_owned(), None));
        let (authority, path) = parse_url("http://localhost/chat").unwrap();
        assert_eq!((authority.as_str(), path.as_deref()), ("localhost:80", Some("/chat/")));
    }

    #[test]
    fn what_is_no_http_url_is_a_usage_error() {
        for url in ["https://example.org", "ftp://example.org", "http://", "nonsense"] {
            assert!(matches!(parse_url(url), Err(TargetError::Usage(_))), "{url}");
        }
    }
}
