//! Country codes.

/// Kosovo, which ISO 3166 does not list. The code is in general use, and from the range that ISO leaves to users.
const KOSOVO: &str = "XK";

/// Returns the code itself if it is an ISO 3166-1 alpha-2 code in capitals, or `XK`.
pub(crate) fn alpha2(code: &str) -> Option<&'static str> {
    if code == KOSOVO { Some(KOSOVO) } else { rust_iso3166::from_alpha2(code).map(|country| country.alpha2) }
}
