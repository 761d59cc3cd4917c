//! Maps the codes of feeds (countries, event types, sectors) to those of the graph.
//!
//! The tables beside this file are compiled into the program: `country.tsv` (ISO 3166, FIPS 10-4), `cow.tsv`
//! (Correlates of War), `cameo.tsv` (CAMEO event codes) and `plover.tsv` (PLOVER types and modes). A code that is not
//! listed is not mapped.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::country;

/// A country with its codes in several lists.
struct Country {
    alpha2: &'static str,
    alpha3: &'static str,
    fips: &'static str,
    name: &'static str,
}

/// Returns the rows of a table, without comment lines.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    rows(include_str!("country.tsv"))
        .filter_map(|row| match row.as_slice() {
            // The importer accepts only countries that ISO 3166 lists today. This also drops the header line.
            &[alpha2, alpha3, fips, name] if country::alpha2(alpha2).is_some() => {
                Some(Country { alpha2, alpha3, fips, name })
            }
            _ => None,
        })
        .collect()
});

/// CAMEO country codes that differ from ISO 3166-1 alpha-3.
const CAMEO_COUNTRIES: &[(&str, &str)] =
    &[("TMP", "TL"), ("FRO", "FO"), ("IMY", "IM"), ("MTN", "ME"), ("ROM", "RO"), ("WSB", "PS"), ("GZS", "PS")];

/// Returns the country (ISO 3166-1 alpha-2) of a FIPS 10-4 code.
pub(super) fn fips_country(code: &str) -> Option<&'static str> {
    static BY_FIPS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        // Codes that GDELT uses and the list of countries lacks.
        let extra = [("GZ", "PS"), ("WE", "PS"), ("RB", "RS"), ("RI", "RS")];
        let listed = COUNTRIES.iter().filter(|country| !country.fips.is_empty());
        listed.map(|country| (country.fips, country.alpha2)).chain(extra).collect()
    });
    BY_FIPS.get(code).copied()
}

/// Returns the country of a CAMEO code; `None` for regions such as `AFR`.
pub(super) fn cameo_country(code: &str) -> Option<&'static str> {
    let differing = CAMEO_COUNTRIES.iter().find(|(cameo, _)| *cameo == code).map(|(_, alpha2)| *alpha2);
    differing.or_else(|| alpha3_country(code))
}

/// Returns the country of an ISO 3166-1 alpha-3 code.
pub(super) fn alpha3_country(code: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|country| country.alpha3 == code).map(|country| country.alpha2)
}

/// Returns the country with an English name as conflict datasets write it. A former name in parentheses is ignored:
/// `Russia (Soviet Union)` is Russia.
pub(super) fn country_named(name: &str) -> Option<&'static str> {
    const ALIASES: &[(&str, &str)] = &[
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
    listed.or_else(|| ALIASES.iter().find(|(alias, _)| *alias == plain).map(|(_, alpha2)| *alpha2))
}

/// Returns the English name of a country by its ISO 3166-1 alpha-2 code.
pub(super) fn country_name(alpha2: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|country| country.alpha2 == alpha2).map(|country| country.name)
}

/// Returns the event type of a CAMEO code; `None` if CAMEO does not define the code.
pub(super) fn cameo_event_type(code: &str) -> Option<&'static str> {
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

/// Returns the country of a state number of the Correlates of War project.
pub(super) fn cow_country(number: &str) -> Option<&'static str> {
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

/// Returns the event type of a PLOVER type and mode, and whether PLOVER defines the mode. If it does not, the event
/// type is that of the PLOVER type alone. `None` if PLOVER does not define the type.
pub(super) fn plover_event_type(kind: &str, mode: Option<&str>) -> Option<(&'static str, bool)> {
    static TYPES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(include_str!("plover.tsv"))
            .filter_map(|row| match row.as_slice() {
                &[code, name, _] => Some((code, name)),
                _ => None,
            })
            .collect()
    });
    let kind = kind.to_uppercase();
    let broader = TYPES.get(kind.as_str()).copied()?;
    let Some(mode) = mode else { return Some((broader, true)) };
    // Files write modes with spaces, hyphens or underscores.
    let code = format!("{kind}/{}", mode.to_lowercase().replace([' ', '_'], "-"));
    Some(TYPES.get(code.as_str()).map_or((broader, false), |exact| (*exact, true)))
}

/// Returns the PLOVER sector of a CAMEO role; `None` if there is no equivalent.
pub(super) fn sector(role: &str) -> Option<&'static str> {
    const SAME: &[&str] = &[
        "BUS", "COP", "CRM", "CVL", "EDU", "GOV", "IGO", "JUD", "LAB", "LEG", "MIL", "NGO", "OPP", "PTY", "REB", "REF",
        "SPY", "UAF",
    ];
    match role {
        // `MED` means media in CAMEO and medicine in PLOVER.
        "MED" => Some("JRN"),
        "HLH" => Some("MED"),
        _ => SAME.iter().find(|same| **same == role).copied(),
    }
}

#[cfg(test)]
mod tests {
    use crate::import::feed::code::{
        COUNTRIES, cameo_country, cameo_event_type, cow_country, fips_country, plover_event_type, rows,
    };
    use crate::text::country;
    use entity::event_type::EventType;

    #[test]
    fn tables_contain_only_event_types_of_the_graph() {
        for row in rows(include_str!("cameo.tsv")).chain(rows(include_str!("plover.tsv"))) {
            let value = serde_json::Value::from(row[1]);
            assert!(serde_json::from_value::<EventType>(value).is_ok(), "{row:?}");
            assert!(["EXACT", "BROADER", "NONE"].contains(&row[2]), "{row:?}");
        }
    }

    #[test]
    fn country_codes_depend_on_their_list() {
        assert!(COUNTRIES.len() > 240);
        assert_eq!(
            (fips_country("IZ"), fips_country("AU"), fips_country("GM"), fips_country("XX")),
            (Some("IQ"), Some("AT"), Some("DE"), None)
        );
        assert_eq!((cameo_country("IRQ"), cameo_country("ROM"), cameo_country("AFR")), (Some("IQ"), Some("RO"), None));
        assert_eq!((cow_country("645"), cow_country("816"), cow_country("347")), (Some("IQ"), Some("VN"), Some("XK")));
        assert!(rows(include_str!("cow.tsv")).all(|row| country::alpha2(row[1]).is_some()));
        assert_eq!(plover_event_type("RETREAT", Some("release")), Some(("RELEASE", true)));
        assert_eq!(plover_event_type("COERCE", Some("martial law")), Some(("CURFEW", true)));
        assert_eq!(
            (plover_event_type("AID", Some("boat")), plover_event_type("DEMAND", None)),
            (Some(("AID", false)), None)
        );
        assert_eq!(
            (cameo_event_type("043"), cameo_event_type("36"), cameo_event_type("---")),
            (Some("VISIT"), None, None)
        );
    }

    /// Every code of CAMEO 1.1b3 by its type. A type must not say more than the title of the code in the codebook. So `0842`
    /// (return property) is no return of people, `180` (unconventional violence) may be a shooting, and `193` (fight with
    /// small arms) may be a battle or an attack.
    #[rustfmt::skip]
    const CAMEO: &[(&str, &str)] = &[
        ("STATEMENT", "01 010 012 013 014 015 018 019 055"),
        ("REFUSAL", "011 12 120 121 1211 1212 122 1221 1222 1223 1224 123 1231 1232 1233 1234 124 1241 1242 1243 1244 1245 1246 125 126 127 129"),
        ("DENIAL", "016"),
        ("OTHER", "017 115 128 15 150 151 152 153 154 16 160 161 162 1621 1622 1623 164 165 166 1661 1662 1663 191 196"),
        ("REQUEST", "02 020 021 0211 0212 0213 0214 022 023 0231 0232 0233 0234 024 0241 0242 0243 0244 025 0251 0252 0253 0254 0255 0256 026 027 028 10 100 101 1011 1012 1013 1014 102 103 1031 1032 1033 1034 104 1041 1042 1043 1044 105 1051 1052 1053 1054 1055 1056 106 107 108"),
        ("PLEDGE", "03 030 031 0311 0312 0313 0314 032 033 0331 0332 0333 0334 034 0341 0342 0343 0344 035 0351 0352 0353 0354 0355 0356 036 037 038 039"),
        ("CONTACT", "04 040 045"),
        ("CALL", "041"),
        ("VISIT", "042 043"),
        ("MEETING", "044"),
        ("NEGOTIATION", "046"),
        ("COOPERATION", "05 050 054 056 06 060 061 062 063 064"),
        ("SUPPORT", "051 052 053"),
        ("AGREEMENT", "057"),
        ("AID", "07 070 071 072 073 074 075"),
        ("CONCESSION", "08 080 081 0811 0812 0813 0814 082 083 0831 0832 0833 0834 084 0842 085 086 0861 0862 0863 087 0872 0873 0874"),
        ("RELEASE", "0841"),
        ("CEASEFIRE", "0871"),
        ("INVESTIGATION", "09 090 091 092 093 094"),
        ("CONDEMNATION", "11 110 111 113 114"),
        ("ACCUSATION", "112 1121 1122 1123 1124 1125"),
        ("COURT_RULING", "116"),
        ("THREAT", "13 130 131 1311 1312 1313 132 1321 1322 1323 1324 133 134 135 136 137 138 1381 1382 1383 1384 1385 139"),
        ("PROTEST", "14 140 141 1411 1412 1413 1414 143 1431 1432 1433 1434 144 1441 1442 1443 1444"),
        ("HUNGER_STRIKE", "142 1421 1422 1423 1424"),
        ("RIOT", "145 1451 1452 1453 1454"),
        ("COERCION", "163 17 170 171 1711 172 1721 1722 173"),
        ("PROPERTY_DESTRUCTION", "1712"),
        ("CURFEW", "1723 1724"),
        ("EXPULSION", "174"),
        ("VIOLENCE", "175 18 180 184 19 190 193 194 20 200 203"),
        ("ABDUCTION", "181"),
        ("ASSAULT", "182"),
        ("SEXUAL_VIOLENCE", "1821"),
        ("TORTURE", "1822"),
        ("KILLING", "1823 202"),
        ("BOMBING", "183 1832 1833 2042"),
        ("SUICIDE_ATTACK", "1831"),
        ("ATTEMPTED_ASSASSINATION", "185"),
        ("ASSASSINATION", "186"),
        ("TERRITORY_CHANGE", "192"),
        ("AIR_STRIKE", "195"),
        ("DISPLACEMENT", "201"),
        ("ARMED_ATTACK", "204 2041"),
    ];

    #[test]
    fn every_cameo_code_has_the_type_that_says_no_more_than_the_code() {
        let mut codes = 0;
        for (name, listed) in CAMEO {
            for code in listed.split(' ') {
                assert_eq!(cameo_event_type(code), Some(*name), "{code}");
                codes += 1;
            }
            // The API lists the same codes for each type.
            let event_type: EventType = serde_json::from_value(serde_json::Value::from(*name)).unwrap();
            let mut listed: Vec<&str> = listed.split(' ').collect();
            listed.sort_unstable();
            assert_eq!(event_type.entry().cameo, listed, "{name}");
        }
        assert_eq!((codes, rows(include_str!("cameo.tsv")).count()), (311, 311));
    }
}
