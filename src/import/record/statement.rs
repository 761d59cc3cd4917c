//! Records of statements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::figure::FigureRecord;
use crate::import::record::stance::StanceRecord;
use crate::import::record::{Build, Ref, Restore, Row, When, unless_default};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;
use entity::statement::{Attribution, Medium, QuoteType, SpeechAct};

/// One act of saying something, as one reporting phrase or quotation reports it. A headline or a repetition is further evidence, not another statement.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatementRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The content of the statement, in your own words.
    pub summary: String,
    /// The exact words, if they may be stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The speaker: an actor. Omit it if the attribution is UNATTRIBUTED, NARRATION or NOT_RECORDED; otherwise it is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Ref>,
    /// The speaker as printed in the article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker_text: Option<String>,
    /// The reporting verb, such as `said` or `claimed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<String>,
    /// The attribution of the statement. ANONYMOUS is required if the speaker is an anonymous source, and not allowed otherwise.
    pub attribution: Attribution,
    /// Whether the words are quoted or reported.
    pub quote_type: QuoteType,
    /// The medium of the statement; give the most specific one. Default: `UNKNOWN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<Medium>,
    /// The service or outlet where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The speech act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<SpeechAct>,
    /// The language of the statement: a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The date when it was said.
    #[serde(default, alias = "said", skip_serializing_if = "Option::is_none")]
    pub said_at: Option<When>,
    /// The place where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// The addressee: an actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressee: Option<Ref>,
    /// The first article that reports the statement. Required for the attributions UNATTRIBUTED and NARRATION, whose voice depends on the article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<Ref>,
    /// The statement that this one relays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relays: Option<Ref>,
    /// The subjects of the statement: actors, events and places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Ref>,
    /// The positions of the statement on claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stances: Vec<StanceRecord>,
    /// Numbers that it reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureRecord>,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for StatementRecord {
    const KIND: RecordKind = RecordKind::Statement;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let said = b.time("saidAt", self.said_at.as_ref());
        let speakerless =
            matches!(self.attribution, Attribution::Unattributed | Attribution::Narration | Attribution::NotRecorded);
        if speakerless && self.speaker.is_some() {
            b.problem(
                "speaker",
                "is not allowed: a statement with this attribution has no speaker",
                Some("leave \"speaker\" out or change \"attribution\"".into()),
            );
        } else if !speakerless && self.speaker.is_none() {
            b.problem(
                "speaker",
                "is missing: a statement with this attribution has a speaker",
                Some("add \"speaker\", or change \"attribution\" to UNATTRIBUTED, NARRATION or NOT_RECORDED".into()),
            );
        }
        if matches!(self.attribution, Attribution::Unattributed | Attribution::Narration) && self.article.is_none() {
            b.problem(
                "article",
                "is missing: a statement with this attribution needs an article, which determines its voice",
                Some("add \"article\"".into()),
            );
        }
        for about in &self.about {
            let about = b.reference("about", about, &[RecordKind::Actor, RecordKind::Event, RecordKind::Place]);
            b.about(about);
        }
        Row::Statement(entity::statement::Model {
            id: b.id(),
            summary: b.required_text("summary", &self.summary),
            text: self.text.clone(),
            speaker_id: b.optional_actor("speaker", self.speaker.as_ref()),
            speaker_text: self.speaker_text.clone(),
            cue: self.cue.clone(),
            attribution: self.attribution,
            quote_type: self.quote_type,
            medium: self.medium.unwrap_or(Medium::Unknown),
            platform: self.platform.clone(),
            act: self.act,
            language: b.language("language", self.language.as_deref()),
            said: said.edtf,
            said_raw: said.raw,
            earliest: said.earliest,
            latest: said.latest,
            place_id: b.optional_place("place", self.place.as_ref()),
            addressee_id: b.optional_actor("addressee", self.addressee.as_ref()),
            article_id: self.article.as_ref().map(|article| b.article("article", article)),
            relays_id: b.whole("relays", self.relays.as_ref(), RecordKind::Statement),
            position: None,
            voice: None,
            voice_id: None,
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "stances" stances, "figures" figures, "evidence" evidence)
    }
}

impl Restore for StatementRecord {
    type Row = entity::statement::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            summary: row.summary.clone(),
            text: row.text.clone(),
            speaker: r.optional_reference(row.speaker_id),
            speaker_text: row.speaker_text.clone(),
            cue: row.cue.clone(),
            attribution: row.attribution,
            quote_type: row.quote_type,
            medium: unless_default(row.medium, Medium::Unknown),
            platform: row.platform.clone(),
            act: row.act,
            language: row.language.clone(),
            said_at: When::of(row.said.as_ref(), row.said_raw.as_ref()),
            place: r.optional_reference(row.place_id),
            addressee: r.optional_reference(row.addressee_id),
            article: r.optional_reference(row.article_id),
            relays: r.optional_reference(row.relays_id),
            about: r.abouts(row.id),
            stances: r.parts(row.id),
            figures: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}
