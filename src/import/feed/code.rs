//! Codes of feeds in terms of ours. A code that is not listed is mapped to nothing.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A country in the words of several lists.
struct Country {
    alpha2: &'static str,
    alpha3: &'static str,
    fips: &'static str,
    name: &'static str,
}

/// Rows of a table that is part of the program; its first lines may be comments.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    rows(include_str!("country.tsv"))
        .filter_map(|row| match row.as_slice() {
            // The importer knows only what the standard lists today.
            &[alpha2, alpha3, fips, name] if rust_iso3166::from_alpha2(alpha2).is_some() => {
                Some(Country { alpha2, alpha3, fips, name })
            }
            _ => None,
        })
        .collect()
});

/// Codes that CAMEO writes otherwise than ISO 3166-1 alpha-3.
const CAMEO_COUNTRIES: &[(&str, &str)] =
    &[("TMP", "TL"), ("FRO", "FO"), ("IMY", "IM"), ("MTN", "ME"), ("ROM", "RO"), ("WSB", "PS"), ("GZS", "PS")];

/// The country of a FIPS 10-4 code.
pub(super) fn fips(code: &str) -> Option<&'static str> {
    static BY_FIPS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        // Codes of territories that GDELT uses and the list of countries leaves out.
        let more = [("GZ", "PS"), ("WE", "PS"), ("RB", "RS"), ("RI", "RS")];
        let listed = COUNTRIES.iter().filter(|country| !country.fips.is_empty());
        listed.map(|country| (country.fips, country.alpha2)).chain(more).collect()
    });
    BY_FIPS.get(code).copied()
}

/// The country of a CAMEO code; regions such as `AFR` are none.
pub(super) fn cameo_country(code: &str) -> Option<&'static str> {
    let otherwise = CAMEO_COUNTRIES.iter().find(|(cameo, _)| *cameo == code).map(|(_, alpha2)| *alpha2);
    otherwise.or_else(|| alpha3(code))
}

/// The country of an ISO 3166-1 alpha-3 code.
pub(super) fn alpha3(code: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|country| country.alpha3 == code).map(|country| country.alpha2)
}

/// The country of an English name, as lists of conflicts write it: `Russia (Soviet Union)` is Russia.
pub(super) fn country_named(name: &str) -> Option<&'static str> {
    const ALSO: &[(&str, &str)] = &[
        ("Bosnia-Herzegovina", "BA"),
        ("DR Congo", "CD"),
        ("Democratic Republic of Congo", "CD"),
        ("Congo", "CG"),
        ("Republic of Congo", "CG"),
        ("Kingdom of eSwatini", "SZ"),
        ("eSwatini", "SZ"),
        ("Macedonia, FYR", "MK"),
        ("North Macedonia", "MK"),
        ("Cote d'Ivoire", "CI"),
        ("United States of America", "US"),
        ("Czech Republic", "CZ"),
        ("East Timor", "TL"),
        ("Turkey", "TR"),
        ("Turkiye", "TR"),
        ("Palestine", "PS"),
        ("Cabo Verde", "CV"),
    ];
    let plain = name.split(" (").next().unwrap_or(name).trim();
    let listed = COUNTRIES.iter().find(|country| country.name == plain).map(|country| country.alpha2);
    listed.or_else(|| ALSO.iter().find(|(also, _)| *also == plain).map(|(_, alpha2)| *alpha2))
}

/// The English name of a country by its ISO 3166-1 alpha-2 code.
pub(super) fn country_name(alpha2: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|country| country.alpha2 == alpha2).map(|country| country.name)
}

/// The type of a CAMEO code. A code below a listed one is of its type.
pub(super) fn cameo(code: &str) -> Option<&'static str> {
    static TYPES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(include_str!("cameo.tsv"))
            .filter_map(|row| match row.as_slice() {
                &[code, name, _] => Some((code, name)),
                _ => None,
            })
            .collect()
    });
    TYPES.get(code).copied()
}

/// The country of a number in the list of states of the Correlates of War project.
pub(super) fn cow(number: &str) -> Option<&'static str> {
    static BY_NUMBER: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(include_str!("cow.tsv"))
            .filter_map(|row| match row.as_slice() {
                &[number, alpha2] => Some((number, alpha2)),
                _ => None,
            })
            .collect()
    });
    BY_NUMBER.get(number).copied()
}

/// The type of an event by its PLOVER type and mode; by the type alone when the mode is none of PLOVER, which the second
/// half tells. None when the type is none either.
pub(super) fn plover(kind: &str, mode: Option<&str>) -> Option<(&'static str, bool)> {
    static TYPES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(include_str!("plover.tsv"))
            .filter_map(|row| match row.as_slice() {
                &[code, name, _] => Some((code, name)),
                _ => None,
            })
            .collect()
    });
    let kind = kind.to_uppercase();
    let wider = TYPES.get(kind.as_str()).copied()?;
    let Some(mode) = mode else { return Some((wider, true)) };
    // Modes are written with spaces, hyphens or underscores.
    let code = format!("{kind}/{}", mode.to_lowercase().replace([' ', '_'], "-"));
    Some(TYPES.get(code.as_str()).map_or((wider, false), |exact| (*exact, true)))
}

/// The PLOVER sector of a CAMEO role; roles without one are none.
pub(super) fn sector(role: &str) -> Option<&'static str> {
    const SAME: &[&str] = &[
        "BUS", "COP", "CRM", "CVL", "EDU", "GOV", "IGO", "JUD", "LAB", "LEG", "MIL", "NGO", "OPP", "PTY", "REB", "REF",
        "SPY", "UAF",
    ];
    match role {
        // PLOVER means medicine by MED.
        "MED" => Some("JRN"),
        "HLH" => Some("MED"),
        _ => SAME.iter().find(|same| **same == role).copied(),
    }
}

#[cfg(test)]
mod tests {
    use crate::import::feed::code::{COUNTRIES, cameo, cameo_country, cow, fips, plover, rows};
    use entity::event_type::EventType;

    #[test]
    fn every_type_in_the_tables_is_one_of_ours() {
        for row in rows(include_str!("cameo.tsv")).chain(rows(include_str!("plover.tsv"))) {
            let value = serde_json::Value::from(row[1]);
            assert!(serde_json::from_value::<EventType>(value).is_ok(), "{row:?}");
            assert!(["EXACT", "BROADER", "NONE"].contains(&row[2]), "{row:?}");
        }
    }

    #[test]
    fn countries_are_told_apart_by_the_list_they_are_of() {
        assert!(COUNTRIES.len() > 240);
        assert_eq!((fips("IZ"), fips("AU"), fips("GM"), fips("XX")), (Some("IQ"), Some("AT"), Some("DE"), None));
        assert_eq!((cameo_country("IRQ"), cameo_country("ROM"), cameo_country("AFR")), (Some("IQ"), Some("RO"), None));
        assert_eq!((cow("645"), cow("816"), cow("347")), (Some("IQ"), Some("VN"), None));
        assert!(rows(include_str!("cow.tsv")).all(|row| rust_iso3166::from_alpha2(row[1]).is_some()));
        assert_eq!(plover("RETREAT", Some("release")), Some(("RELEASE", true)));
        assert_eq!(plover("COERCE", Some("martial law")), Some(("COERCION", true)));
        assert_eq!((plover("AID", Some("boat")), plover("DEMAND", None)), (Some(("AID", false)), None));
        assert_eq!((cameo("043"), cameo("36"), cameo("---")), (Some("VISIT"), None, None));
    }
}
