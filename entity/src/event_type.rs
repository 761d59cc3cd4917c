//! The closed hierarchy of event types, with the matching codes of other systems.
//!
//! Inner nodes are types too. A disputed event has the nearest common ancestor of its accounts' types.

use crate::string_enum::string_enum;

string_enum! {
    /// The type of an event. The types form a closed hierarchy; `Query.eventTypes` returns it with the codes of PLOVER 2.0,
    /// CAMEO 1.1b3 and ACLED for each type.
    EventType {
        /// Force is used against people or things.
        Violence,
        /// Somebody is taken away or held by force, also in a hijacking or as a hostage.
        Abduction,
        /// Somebody goes missing.
        Disappearance,
        /// Somebody is tortured.
        Torture,
        /// Somebody is attacked physically, without firearms.
        Assault,
        /// Sexual violence.
        SexualViolence,
        /// Somebody is injured.
        Injury,
        /// Somebody is killed.
        Killing,
        /// Somebody is killed in a targeted attack.
        Assassination,
        /// Somebody survives an attempt to kill them.
        AttemptedKilling,
        /// Somebody survives a targeted attempt to kill them.
        AttemptedAssassination,
        /// Armed groups fight each other.
        ArmedClash,
        /// One side attacks with weapons.
        ArmedAttack,
        /// A bomb or other explosive is set off on purpose.
        Bombing,
        /// An attack from aircraft or drones.
        AirStrike,
        /// An attack with artillery, mortars or missiles.
        Shelling,
        /// An attack in which the attacker intends to die.
        SuicideAttack,
        /// Property is destroyed or looted.
        PropertyDestruction,
        /// An attack on computers or networks.
        CyberAttack,
        /// Pressure or punishment by a state or others.
        Coercion,
        /// Somebody is arrested or detained.
        Arrest,
        /// Somebody is threatened.
        Threat,
        /// Sanctions are imposed on somebody.
        Sanction,
        /// Somebody is expelled or deported.
        Expulsion,
        /// Speech is suppressed.
        Censorship,
        /// A published work is taken down.
        ContentTakedown,
        /// An account on a service is suspended.
        AccountSuspension,
        /// A curfew, a state of emergency or martial law is imposed.
        Curfew,
        /// Somebody is tried in court.
        Trial,
        /// Somebody is convicted.
        Conviction,
        /// An authority or another body investigates something.
        Investigation,
        /// Somebody's captivity ends, in any way.
        EndOfCaptivity,
        /// Somebody is released by their captors.
        Release,
        /// Somebody is freed by others.
        Rescue,
        /// Somebody escapes from captivity.
        Escape,
        /// People protest in public.
        Protest,
        /// A march or rally.
        Demonstration,
        /// A violent protest.
        Riot,
        /// People stop working in protest.
        Strike,
        /// A hunger strike.
        HungerStrike,
        /// A boycott.
        Boycott,
        /// People meet or talk to each other.
        Contact,
        /// Somebody visits somebody or a place.
        Visit,
        /// People meet.
        Meeting,
        /// People talk by telephone or video.
        Call,
        /// Parties negotiate.
        Negotiation,
        /// Parties consult each other.
        Consultation,
        /// Parties cooperate or make concessions.
        Cooperation,
        /// An agreement is made.
        Agreement,
        /// Help is given.
        Aid,
        /// Somebody shows support.
        Support,
        /// A party makes a concession.
        Concession,
        /// Fighting stops: parties agree on it, or one of them declares it.
        Ceasefire,
        /// Weapons are given up.
        Disarmament,
        /// Political events: offices, votes and laws.
        Politics,
        /// Somebody takes office.
        Appointment,
        /// Somebody resigns from office.
        Resignation,
        /// Somebody is removed from office.
        Dismissal,
        /// An election.
        Election,
        /// A vote in a parliament or other body.
        Vote,
        /// A law is passed or changed.
        Legislation,
        /// A court issues a ruling.
        CourtRuling,
        /// People or armed forces move from one place to another.
        Movement,
        /// Somebody travels.
        Travel,
        /// People are driven from their homes.
        Displacement,
        /// People move to live in another place.
        Migration,
        /// Somebody returns.
        Return,
        /// Armed forces are deployed.
        Deployment,
        /// Armed forces are withdrawn.
        Withdrawal,
        /// Control over territory changes.
        TerritoryChange,
        /// Something is made public.
        Communication,
        /// A work is published.
        Publication,
        /// Somebody gives a public speech.
        Speech,
        /// A press conference.
        PressConference,
        /// A speech act that a source feed codes as an event, without its words. It is not also stored as a statement.
        SpeechAct,
        /// Somebody makes a statement.
        Statement,
        /// Somebody accuses somebody.
        Accusation,
        /// Somebody disapproves of somebody or something: criticizes, protests or condemns.
        Condemnation,
        /// Somebody denies something.
        Denial,
        /// Somebody makes a request or an appeal.
        Request,
        /// Somebody refuses something.
        Refusal,
        /// Somebody promises something, or says that they are willing to do it.
        Pledge,
        /// Somebody praises somebody.
        Praise,
        /// People are cared for.
        Care,
        /// Somebody is taken to a hospital or treated in one.
        Hospitalization,
        /// Economic events: goods and money.
        Economy,
        /// Money is paid.
        Payment,
        /// Harm that nobody intended.
        Hazard,
        /// A natural disaster.
        NaturalDisaster,
        /// An accident.
        Accident,
        /// An outbreak of a disease.
        DiseaseOutbreak,
        /// A sports event.
        Sports,
        /// Any other type of event.
        Other,
    }
}

/// An event type's position in the hierarchy and its codes in other systems.
pub struct Entry {
    /// The type.
    pub event_type: EventType,
    /// The parent type; none for a root.
    pub parent: Option<EventType>,
    /// PLOVER 2.0 event type and mode, as `TYPE/mode`.
    pub plover: Option<&'static str>,
    /// ACLED sub-event type.
    pub acled: Option<&'static str>,
    /// CAMEO codes, each a string with its leading zeros.
    pub cameo: &'static [&'static str],
}

const fn entry(
    event_type: EventType,
    parent: Option<EventType>,
    plover: Option<&'static str>,
    acled: Option<&'static str>,
    cameo: &'static [&'static str],
) -> Entry {
    Entry { event_type, parent, plover, acled, cameo }
}

/// The hierarchy. A parent always precedes its children.
#[rustfmt::skip]
pub const TREE: &[Entry] = &[
    entry(EventType::Violence, None, Some("ASSAULT"), None, &["175", "18", "180", "184", "19", "190", "193", "194", "20", "200", "203"]),
    entry(EventType::Abduction, Some(EventType::Violence), Some("ASSAULT/abduct"), Some("Abduction/forced disappearance"), &["181"]),
    entry(EventType::Disappearance, Some(EventType::Violence), None, Some("Abduction/forced disappearance"), &[]),
    entry(EventType::Torture, Some(EventType::Violence), Some("ASSAULT/torture"), None, &["1822"]),
    entry(EventType::Assault, Some(EventType::Violence), Some("ASSAULT/beat"), Some("Attack"), &["182"]),
    entry(EventType::SexualViolence, Some(EventType::Violence), Some("ASSAULT/sexual"), Some("Sexual violence"), &["1821"]),
    entry(EventType::Injury, Some(EventType::Violence), None, None, &[]),
    entry(EventType::Killing, Some(EventType::Violence), Some("ASSAULT/targeted"), None, &["1823", "202"]),
    entry(EventType::Assassination, Some(EventType::Killing), Some("ASSAULT/targeted"), None, &["186"]),
    entry(EventType::AttemptedKilling, Some(EventType::Violence), None, None, &[]),
    entry(EventType::AttemptedAssassination, Some(EventType::AttemptedKilling), Some("ASSAULT/targeted"), None, &["185"]),
    entry(EventType::ArmedClash, Some(EventType::Violence), Some("ASSAULT/firearms"), Some("Armed clash"), &[]),
    entry(EventType::ArmedAttack, Some(EventType::Violence), Some("ASSAULT/firearms"), Some("Attack"), &["204", "2041"]),
    entry(EventType::Bombing, Some(EventType::ArmedAttack), Some("ASSAULT/explosives"), Some("Remote explosive/landmine/IED"), &["183", "1832", "1833", "2042"]),
    entry(EventType::AirStrike, Some(EventType::ArmedAttack), Some("ASSAULT/aerial"), Some("Air/drone strike"), &["195"]),
    entry(EventType::Shelling, Some(EventType::ArmedAttack), Some("ASSAULT/heavy-weapons"), Some("Shelling/artillery/missile attack"), &[]),
    entry(EventType::SuicideAttack, Some(EventType::ArmedAttack), Some("ASSAULT/suicide-attack"), Some("Suicide bomb"), &["1831"]),
    entry(EventType::PropertyDestruction, Some(EventType::Violence), Some("ASSAULT/destroy"), Some("Looting/property destruction"), &["1712"]),
    entry(EventType::CyberAttack, Some(EventType::Violence), Some("COERCE/cyber"), None, &[]),
    entry(EventType::Coercion, None, Some("COERCE"), None, &["163", "17", "170", "171", "1711", "172", "1721", "1722", "173"]),
    entry(EventType::Arrest, Some(EventType::Coercion), Some("COERCE/arrest"), Some("Arrests"), &[]),
    entry(EventType::Threat, Some(EventType::Coercion), Some("THREATEN"), None, &["13", "130", "131", "1311", "1312", "1313", "132", "1321", "1322", "1323", "1324", "133", "134", "135", "136", "137", "138", "1381", "1382", "1383", "1384", "1385", "139"]),
    entry(EventType::Sanction, Some(EventType::Coercion), Some("SANCTION"), None, &[]),
    entry(EventType::Expulsion, Some(EventType::Coercion), Some("COERCE/deport"), None, &["174"]),
    entry(EventType::Censorship, Some(EventType::Coercion), Some("COERCE/censor"), None, &[]),
    entry(EventType::ContentTakedown, Some(EventType::Censorship), Some("COERCE/censor"), None, &[]),
    entry(EventType::AccountSuspension, Some(EventType::Censorship), Some("COERCE/censor"), None, &[]),
    entry(EventType::Curfew, Some(EventType::Coercion), Some("COERCE/curfew"), None, &["1723", "1724"]),
    entry(EventType::Trial, Some(EventType::Coercion), None, None, &[]),
    entry(EventType::Conviction, Some(EventType::Coercion), Some("SANCTION/convict"), None, &[]),
    entry(EventType::Investigation, Some(EventType::Coercion), Some("ACCUSE/investigate"), None, &["09", "090", "091", "092", "093", "094"]),
    entry(EventType::EndOfCaptivity, None, None, None, &[]),
    entry(EventType::Release, Some(EventType::EndOfCaptivity), Some("RETREAT/release"), None, &["0841"]),
    entry(EventType::Rescue, Some(EventType::EndOfCaptivity), Some("AID"), None, &[]),
    entry(EventType::Escape, Some(EventType::EndOfCaptivity), None, None, &[]),
    entry(EventType::Protest, None, Some("PROTEST"), Some("Protests"), &["14", "140", "141", "1411", "1412", "1413", "1414", "143", "1431", "1432", "1433", "1434", "144", "1441", "1442", "1443", "1444"]),
    entry(EventType::Demonstration, Some(EventType::Protest), Some("PROTEST/demo"), Some("Peaceful protest"), &[]),
    entry(EventType::Riot, Some(EventType::Protest), Some("PROTEST/riot"), Some("Violent demonstration"), &["145", "1451", "1452", "1453", "1454"]),
    entry(EventType::Strike, Some(EventType::Protest), Some("PROTEST/strike"), None, &[]),
    entry(EventType::HungerStrike, Some(EventType::Protest), Some("PROTEST/hunger"), None, &["142", "1421", "1422", "1423", "1424"]),
    entry(EventType::Boycott, Some(EventType::Protest), Some("PROTEST/boycott"), None, &[]),
    entry(EventType::Contact, None, Some("CONSULT"), None, &["04", "040", "045"]),
    entry(EventType::Visit, Some(EventType::Contact), Some("CONSULT/visit"), None, &["042", "043"]),
    entry(EventType::Meeting, Some(EventType::Contact), Some("CONSULT"), None, &["044"]),
    entry(EventType::Call, Some(EventType::Contact), Some("CONSULT/phone"), None, &["041"]),
    entry(EventType::Negotiation, Some(EventType::Contact), Some("CONSULT"), None, &["046"]),
    entry(EventType::Consultation, Some(EventType::Contact), Some("CONSULT"), None, &[]),
    entry(EventType::Cooperation, None, Some("COOPERATE"), None, &["05", "050", "054", "056", "06", "060", "061", "062", "063", "064"]),
    entry(EventType::Agreement, Some(EventType::Cooperation), Some("AGREE"), Some("Agreement"), &["057"]),
    entry(EventType::Aid, Some(EventType::Cooperation), Some("AID"), None, &["07", "070", "071", "072", "073", "074", "075"]),
    entry(EventType::Support, Some(EventType::Cooperation), Some("SUPPORT"), None, &["051", "052", "053"]),
    entry(EventType::Concession, Some(EventType::Cooperation), Some("CONCEDE"), None, &["08", "080", "081", "0811", "0812", "0813", "0814", "082", "083", "0831", "0832", "0833", "0834", "084", "0842", "085", "086", "0861", "0862", "0863", "087", "0872", "0873", "0874"]),
    entry(EventType::Ceasefire, Some(EventType::Cooperation), Some("RETREAT/ceasefire"), None, &["0871"]),
    entry(EventType::Disarmament, Some(EventType::Cooperation), Some("RETREAT/disarm"), Some("Disrupted weapons use"), &[]),
    entry(EventType::Politics, None, None, None, &[]),
    entry(EventType::Appointment, Some(EventType::Politics), None, None, &[]),
    entry(EventType::Resignation, Some(EventType::Politics), Some("RETREAT/resign"), None, &[]),
    entry(EventType::Dismissal, Some(EventType::Politics), None, None, &[]),
    entry(EventType::Election, Some(EventType::Politics), None, None, &[]),
    entry(EventType::Vote, Some(EventType::Politics), None, None, &[]),
    entry(EventType::Legislation, Some(EventType::Politics), None, None, &[]),
    entry(EventType::CourtRuling, Some(EventType::Politics), None, None, &["116"]),
    entry(EventType::Movement, None, None, None, &[]),
    entry(EventType::Travel, Some(EventType::Movement), None, None, &[]),
    entry(EventType::Displacement, Some(EventType::Movement), None, None, &["201"]),
    entry(EventType::Migration, Some(EventType::Movement), None, None, &[]),
    entry(EventType::Return, Some(EventType::Movement), None, None, &[]),
    entry(EventType::Deployment, Some(EventType::Movement), Some("MOBILIZE"), None, &[]),
    entry(EventType::Withdrawal, Some(EventType::Movement), Some("RETREAT/withdraw"), None, &[]),
    entry(EventType::TerritoryChange, Some(EventType::Movement), Some("COERCE/seize"), Some("Non-state actor overtakes territory"), &["192"]),
    entry(EventType::Communication, None, None, None, &[]),
    entry(EventType::Publication, Some(EventType::Communication), None, None, &[]),
    entry(EventType::Speech, Some(EventType::Communication), None, None, &[]),
    entry(EventType::PressConference, Some(EventType::Speech), None, None, &[]),
    entry(EventType::SpeechAct, None, None, None, &[]),
    entry(EventType::Statement, Some(EventType::SpeechAct), None, None, &["01", "010", "012", "013", "014", "015", "018", "019", "055"]),
    entry(EventType::Accusation, Some(EventType::SpeechAct), Some("ACCUSE"), None, &["112", "1121", "1122", "1123", "1124", "1125"]),
    entry(EventType::Condemnation, Some(EventType::SpeechAct), Some("ACCUSE/disapprove"), None, &["11", "110", "111", "113", "114"]),
    entry(EventType::Denial, Some(EventType::SpeechAct), None, None, &["016"]),
    entry(EventType::Request, Some(EventType::SpeechAct), Some("REQUEST"), None, &["02", "020", "021", "0211", "0212", "0213", "0214", "022", "023", "0231", "0232", "0233", "0234", "024", "0241", "0242", "0243", "0244", "025", "0251", "0252", "0253", "0254", "0255", "0256", "026", "027", "028", "10", "100", "101", "1011", "1012", "1013", "1014", "102", "103", "1031", "1032", "1033", "1034", "104", "1041", "1042", "1043", "1044", "105", "1051", "1052", "1053", "1054", "1055", "1056", "106", "107", "108"]),
    entry(EventType::Refusal, Some(EventType::SpeechAct), Some("REJECT"), None, &["011", "12", "120", "121", "1211", "1212", "122", "1221", "1222", "1223", "1224", "123", "1231", "1232", "1233", "1234", "124", "1241", "1242", "1243", "1244", "1245", "1246", "125", "126", "127", "129"]),
    entry(EventType::Pledge, Some(EventType::SpeechAct), None, None, &["03", "030", "031", "0311", "0312", "0313", "0314", "032", "033", "0331", "0332", "0333", "0334", "034", "0341", "0342", "0343", "0344", "035", "0351", "0352", "0353", "0354", "0355", "0356", "036", "037", "038", "039"]),
    entry(EventType::Praise, Some(EventType::SpeechAct), Some("SUPPORT"), None, &[]),
    entry(EventType::Care, None, None, None, &[]),
    entry(EventType::Hospitalization, Some(EventType::Care), None, None, &[]),
    entry(EventType::Economy, None, None, None, &[]),
    entry(EventType::Payment, Some(EventType::Economy), None, None, &[]),
    entry(EventType::Hazard, None, None, None, &[]),
    entry(EventType::NaturalDisaster, Some(EventType::Hazard), None, None, &[]),
    entry(EventType::Accident, Some(EventType::Hazard), None, None, &[]),
    entry(EventType::DiseaseOutbreak, Some(EventType::Hazard), None, None, &[]),
    entry(EventType::Sports, None, None, None, &[]),
    entry(EventType::Other, None, None, None, &["017", "115", "128", "15", "150", "151", "152", "153", "154", "16", "160", "161", "162", "1621", "1622", "1623", "164", "165", "166", "1661", "1662", "1663", "191", "196"]),
];

impl EventType {
    /// Returns the entry of this type.
    pub fn entry(self) -> &'static Entry {
        // The index is valid because `TREE` lists every type in declaration order, which a test checks.
        &TREE[self as usize]
    }

    /// Returns this type and all its descendants.
    pub fn with_descendants(self) -> Vec<EventType> {
        let mut types = vec![self];
        for entry in TREE {
            if entry.parent.is_some_and(|parent| types.contains(&parent)) {
                types.push(entry.event_type);
            }
        }
        types
    }
}

#[cfg(test)]
mod tests {
    use super::{EventType, TREE};

    #[test]
    fn tree_lists_every_type_in_order_with_parents_first() {
        assert_eq!(TREE.iter().map(|entry| entry.event_type).collect::<Vec<_>>(), EventType::ALL);
        for (at, entry) in TREE.iter().enumerate() {
            if let Some(parent) = entry.parent {
                assert!(TREE[..at].iter().any(|above| above.event_type == parent));
            }
        }
    }

    #[test]
    fn descendants_include_the_type_itself() {
        assert_eq!(
            EventType::EndOfCaptivity.with_descendants(),
            [EventType::EndOfCaptivity, EventType::Release, EventType::Rescue, EventType::Escape]
        );
        assert!(EventType::Violence.with_descendants().contains(&EventType::AttemptedAssassination));
        assert_eq!(EventType::Visit.with_descendants(), [EventType::Visit]);
    }
}
