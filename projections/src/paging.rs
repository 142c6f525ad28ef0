//! Which part of a long list? A page of bounded size, and a mark where the next one begins.
//!
//! Rows: Q2.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The most rows of one page.
pub const MAX_LIMIT: i64 = 200;
/// How many rows a page has when nobody says.
pub const DEFAULT_LIMIT: i64 = 50;

/// Where a page begins, and how long it is.
#[derive(Debug, Clone)]
pub struct Page {
    limit: i64,
    after: Option<String>,
}

impl Page {
    /// A page of at most `limit` rows that begins after a mark.
    ///
    /// # Errors
    /// [`PageError`] for a limit outside 1 to 200.
    pub fn new(limit: Option<i64>, after: Option<String>) -> Result<Self, PageError> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if (1..=MAX_LIMIT).contains(&limit) {
            Ok(Self { limit, after })
        } else {
            Err(PageError::Limit)
        }
    }

    /// The first rows.
    #[must_use]
    pub fn first() -> Self {
        Self { limit: DEFAULT_LIMIT, after: None }
    }

    /// One more than the page holds: whether there is a next page is then known.
    #[must_use]
    pub fn fetched(&self) -> i64 {
        self.limit + 1
    }

    /// Cuts what was fetched to the page; the mark of its last row when more follow.
    pub fn cut<T>(
        &self,
        mut rows: Vec<T>,
        mark: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(mark);
        (rows, next)
    }

    /// A mark that is an id.
    #[must_use]
    pub fn after_text(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// A mark that is a position.
    pub(crate) fn after_position(&self) -> Result<Option<i64>, PageError> {
        self.after.as_ref().map(|mark| mark.parse().map_err(|_| PageError::Cursor)).transpose()
    }

    /// A mark that is an instant and an id.
    pub(crate) fn after_instant(&self) -> Result<Option<(DateTime<Utc>, Uuid)>, PageError> {
        let Some(mark) = &self.after else { return Ok(None) };
        let (micros, id) = mark.split_once('_').ok_or(PageError::Cursor)?;
        let micros = micros.parse().map_err(|_| PageError::Cursor)?;
        let at = DateTime::from_timestamp_micros(micros).ok_or(PageError::Cursor)?;
        Ok(Some((at, Uuid::parse_str(id).map_err(|_| PageError::Cursor)?)))
    }
}

/// The mark of a row by instant and id.
pub(crate) fn instant_mark(at: DateTime<Utc>, id: Uuid) -> String {
    format!("{}_{id}", at.timestamp_micros())
}

/// Why there is no such page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Ask for 1 to 200 rows.
    #[error("limit is a whole number from 1 to 200")]
    Limit,
    /// Use the `next_cursor` of an answer, unchanged.
    #[error("cursor is not one that an answer gave")]
    Cursor,
}

/// Why a list could not be given.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The page was not one.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The database could not be asked.
    #[error("the read model could not be read")]
    Database(#[from] sqlx::Error),
}
