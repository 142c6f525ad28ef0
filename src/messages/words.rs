//! What does a message say? Subject lines that tell a lock screen nothing, and a few plain, warm
//! sentences.
//!
//! *Why so little*: a phone shows sender, subject and the first words to whoever looks at it.
//! Nothing here says what Anchor is about, what somebody reached, who gave what, or how much; that
//! stands behind the sign-in. Nobody is hurried, and nobody is blamed.
//!
//! Rows: U4, M5.

use serde_json::Value;
use url::Url;

/// A line to call that is always open; it asks nobody why they call.
const HELP_LINE: &str = "Lifeline, 13 11 14, at any hour";

/// What a member is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemberMessage {
    /// It takes longer.
    Delayed,
    /// It is there.
    Issued,
    /// It can be used for 30 more days.
    Expiring,
    /// An account has to be linked before it can be given.
    AccountNeeded,
    /// What they chose cannot be had; they choose again.
    ChoiceNeeded,
    /// A partner wants them to agree once more.
    RelinkNeeded,
}

impl MemberMessage {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Delayed,
        Self::Issued,
        Self::Expiring,
        Self::AccountNeeded,
        Self::ChoiceNeeded,
        Self::RelinkNeeded,
    ];

    /// The word in the outbox.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delayed => "delayed",
            Self::Issued => "issued",
            Self::Expiring => "expiring",
            Self::AccountNeeded => "account_needed",
            Self::ChoiceNeeded => "choice_needed",
            Self::RelinkNeeded => "relink_needed",
        }
    }

    /// What the lock screen shows.
    #[must_use]
    pub fn subject(self) -> &'static str {
        match self {
            Self::Delayed => "A short update for you",
            Self::Issued => "There is something new for you",
            Self::Expiring => "A small reminder",
            Self::AccountNeeded | Self::ChoiceNeeded | Self::RelinkNeeded => {
                "When you have a moment"
            }
        }
    }

    fn sentences(self) -> &'static str {
        match self {
            Self::Delayed => {
                "Something we are preparing for you takes a little longer than usual.\n\
                 There is nothing you need to do: we are looking after it, and we will write\n\
                 again as soon as it is ready."
            }
            Self::Issued => {
                "Something is ready for you. You will find it on your page, and it will wait\n\
                 there until you want to use it."
            }
            Self::Expiring => {
                "Something on your page can be used for about one more month. If it has\n\
                 slipped your mind, here is a friendly note; if you have plans for it\n\
                 already, all is well."
            }
            Self::AccountNeeded => {
                "Something is set aside for you. To pass it on, we need to know which account\n\
                 it should go to. You can tell us on your page whenever it suits you; it is\n\
                 kept for you until then."
            }
            Self::ChoiceNeeded => {
                "What you chose cannot be had from there at the moment. It is kept for you: on\n\
                 your page you can choose another place whenever it suits you."
            }
            Self::RelinkNeeded => {
                "One of the accounts on your page needs your agreement once more. You can give\n\
                 it there whenever it suits you. Everything that is yours is kept for you."
            }
        }
    }

    /// The whole text, for somebody of this name.
    #[must_use]
    pub fn text(self, name: Option<&str>, page: &Url, contact: Option<&str>) -> String {
        let greeting = name.map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"));
        let person = match contact {
            Some(contact) => format!("To reach a person here: {contact}\n"),
            None => String::new(),
        };
        format!(
            "{greeting}\n\n{}\n\nYour page: {page}\n\n{person}\
             If you would like to talk to somebody, about anything: {HELP_LINE}.\n\n\
             All the best\nAnchor\n",
            self.sentences()
        )
    }
}

impl std::str::FromStr for MemberMessage {
    type Err = NotAMessage;
    fn from_str(text: &str) -> Result<Self, NotAMessage> {
        Self::ALL.into_iter().find(|message| message.as_str() == text).ok_or(NotAMessage)
    }
}

/// Text that names no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message to a member")]
pub struct NotAMessage;

/// What staff read: the subject tells two messages apart and nothing else.
#[must_use]
pub fn staff_subject(id: uuid::Uuid) -> String {
    let id = id.simple().to_string();
    format!("Anchor needs a person ({})", &id[..8])
}

/// The whole text for staff.
#[must_use]
pub fn staff_text(kind: &str, facts: &Value, page: &Url) -> String {
    let fact = |name: &str| facts[name].as_str().unwrap_or("-");
    format!(
        "Something in Anchor needs a person.\n\nWhat: {kind}\nWhich: {}\n\n{}\n\n\
         More, and what can be done: {page}\n",
        fact("subject"),
        fact("summary"),
    )
}
