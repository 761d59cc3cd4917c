//! Records of statements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::figure::FigureRecord;
use crate::import::record::stance::StanceRecord;
use crate::import::record::{Build, Ref, Restore, Row, When, unless};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;
use entity::statement::{Attribution, Medium, QuoteType, SpeechAct};

/// One act of saying, as one reporting phrase or quotation gives it. A headline or a repetition is more evidence, not another statement.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatementRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is said, in our words.
    pub summary: String,
    /// What is said, word for word, where it may be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Who says it: an actor. Left out exactly when the attribution is UNATTRIBUTED, NARRATION or NOT_RECORDED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Ref>,
    /// The speaker as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker_text: Option<String>,
    /// The reporting word: said, claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<String>,
    /// How it is attributed. ANONYMOUS exactly when the speaker is an anonymous source.
    pub attribution: Attribution,
    /// Quoted or told.
    pub quote_type: QuoteType,
    /// By what means it was said, the most specific one; `UNKNOWN` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<Medium>,
    /// The service or outlet on which it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// What is done by saying it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<SpeechAct>,
    /// BCP 47 tag of the language it was said in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<When>,
    /// Where it was said: a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// To whom: an actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressee: Option<Ref>,
    /// The first article that reports it. Needed for UNATTRIBUTED and NARRATION, whose voice it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<Ref>,
    /// The statement that it passes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relays: Option<Ref>,
    /// What it is about: actors, events, places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Ref>,
    /// The sides it takes on claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stances: Vec<StanceRecord>,
    /// Numbers that it gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureRecord>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for StatementRecord {
    const KIND: RecordKind = RecordKind::Statement;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let said = b.when("said", self.said.as_ref());
        let speakerless =
            matches!(self.attribution, Attribution::Unattributed | Attribution::Narration | Attribution::NotRecorded);
        if speakerless && self.speaker.is_some() {
            b.problem(
                "speaker",
                "is given, and the attribution says that there is none",
                Some("leave \"speaker\" out or change \"attribution\"".into()),
            );
        } else if !speakerless && self.speaker.is_none() {
            b.problem(
                "speaker",
                "is missing, and the attribution says that there is one",
                Some("add \"speaker\", or write UNATTRIBUTED, NARRATION or NOT_RECORDED".into()),
            );
        }
        if matches!(self.attribution, Attribution::Unattributed | Attribution::Narration) && self.article.is_none() {
            b.problem(
                "article",
                "is missing: the voice of such a statement is its article's",
                Some("add \"article\"".into()),
            );
        }
        for about in &self.about {
            let about = b.reference("about", about, &[RecordKind::Actor, RecordKind::Event, RecordKind::Place]);
            b.about(about);
        }
        Row::Statement(entity::statement::Model {
            id: b.id(),
            summary: b.filled("summary", &self.summary),
            text: self.text.clone(),
            speaker_id: b.actor_if("speaker", self.speaker.as_ref()),
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
            place_id: b.place_if("place", self.place.as_ref()),
            addressee_id: b.actor_if("addressee", self.addressee.as_ref()),
            article_id: self.article.as_ref().map(|article| b.article("article", article)),
            relays_id: self.relays.as_ref().map(|relays| b.statement("relays", relays)),
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
            speaker: r.reference_if(row.speaker_id),
            speaker_text: row.speaker_text.clone(),
            cue: row.cue.clone(),
            attribution: row.attribution,
            quote_type: row.quote_type,
            medium: unless(row.medium, Medium::Unknown),
            platform: row.platform.clone(),
            act: row.act,
            language: row.language.clone(),
            said: When::of(row.said.as_ref(), row.said_raw.as_ref()),
            place: r.reference_if(row.place_id),
            addressee: r.reference_if(row.addressee_id),
            article: r.reference_if(row.article_id),
            relays: r.reference_if(row.relays_id),
            about: r.abouts(row.id),
            stances: r.parts(row.id),
            figures: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}
