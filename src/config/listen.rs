//! The value of `--listen`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

/// The shapes that `--listen` accepts.
const SHAPES: &str = "write PORT, ADDRESS:PORT or HOST:PORT, such as 9000, 0.0.0.0:9000, localhost:9000 or [::1]:9000 (IPv6 in brackets)";

/// Parses the value of `--listen`: `9000` or `:9000` (on 127.0.0.1), `ADDRESS:PORT`, `[IPV6]:PORT` or `HOST:PORT`.
///
/// A host name is resolved once, here. If it has IPv4 and IPv6 addresses, the first IPv4 address is used.
///
/// # Errors
///
/// A sentence that says what is wrong and which shapes are accepted.
pub(super) fn parse(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(format!("the port is missing: {SHAPES}"));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some(parts) => parts,
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => ("", text),
        None => return Err(format!("the port is missing: {SHAPES}")),
    };
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if !is_host || port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SHAPES.to_owned());
    }
    let port: u16 = port.parse().map_err(|_| format!("the port `{port}` is not between 0 and 65535: {SHAPES}"))?;
    if host.is_empty() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let resolved =
        (host, port).to_socket_addrs().map_err(|error| format!("cannot resolve the host `{host}`: {error}"))?;
    let addresses: Vec<SocketAddr> = resolved.collect();
    let preferred = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    preferred.copied().ok_or_else(|| format!("the host `{host}` has no address: {SHAPES}"))
}

#[cfg(test)]
mod tests {
    use crate::config::listen::parse;

    #[test]
    fn every_accepted_form_gives_an_address() {
        for (text, address) in [
            ("9000", "127.0.0.1:9000"),
            (":9000", "127.0.0.1:9000"),
            ("0", "127.0.0.1:0"),
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:9000", "[::1]:9000"),
            ("[::]:9000", "[::]:9000"),
            ("localhost:9000", "127.0.0.1:9000"),
        ] {
            assert_eq!(parse(text).map(|parsed| parsed.to_string()), Ok(address.to_owned()), "{text}");
        }
    }

    #[test]
    fn invalid_value_is_rejected_with_the_reason() {
        for (text, problem) in [
            ("", "write PORT"),
            (":", "write PORT"),
            ("localhost", "the port is missing"),
            ("127.0.0.1", "the port is missing"),
            ("::1", "the port is missing"),
            ("[::1]", "the port is missing"),
            ("70000", "the port `70000` is not between 0 and 65535"),
            ("localhost:http", "write PORT"),
            ("http://localhost:9000", "write PORT"),
            ("9000/", "the port is missing"),
            ("a b:9000", "write PORT"),
            ("no-such-host.invalid:9000", "cannot resolve the host `no-such-host.invalid`"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
