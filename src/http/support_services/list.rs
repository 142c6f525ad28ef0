//! GET: which services are there, and how are they reached?
//!
//! *Why it is in the program*: it has to be answered without a database, a partner or a token.
//!
//! Rows: P5.

use actix_web::web::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Anyone;

/// Somebody who helps.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct SupportService {
    /// The id, the same as in the list of partners where it is one.
    pub id: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it does, in plain words.
    pub about: &'static str,
    /// The number to call, where one is confirmed.
    pub phone: Option<&'static str>,
    /// Its web page.
    pub web: Option<&'static str>,
    /// When somebody answers.
    pub hours: Option<&'static str>,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupportServices {
    /// The number to call when life is in danger.
    pub emergency: &'static str,
    /// In the order in which they are shown.
    pub services: &'static [SupportService],
}

/// A number that is not confirmed is not shown: nobody in need should call a wrong one.
pub const SERVICES: &[SupportService] = &[
    SupportService {
        id: "lifeline",
        name: "Lifeline",
        about: "Somebody to talk to, at any hour.",
        phone: Some("13 11 14"),
        web: Some("https://www.lifeline.org.au"),
        hours: Some("24 hours, every day"),
    },
    SupportService {
        id: "gambling-help",
        name: "Gambling Help",
        about: "People who know about gambling, on the phone and online.",
        phone: Some("1800 858 858"),
        web: Some("https://www.gamblinghelponline.org.au"),
        hours: Some("24 hours, every day"),
    },
    SupportService {
        id: "financial-counsellors-australia",
        name: "National Debt Helpline",
        about: "Free and independent financial counsellors.",
        phone: Some("1800 007 007"),
        web: Some("https://ndh.org.au"),
        hours: Some("Weekdays, 9:30 to 16:30"),
    },
    SupportService {
        id: "relationships-australia",
        name: "Relationships Australia",
        about: "Counselling for couples, families and individuals.",
        phone: None,
        web: Some("https://www.relationships.org.au"),
        hours: None,
    },
];

/// Support services, always there.
#[utoipa::path(get, path = "/api/support-services", tag = "support services",
    responses((status = 200, description = "Who helps", body = SupportServices)))]
pub async fn list(_: Anyone) -> Json<SupportServices> {
    Json(SupportServices { emergency: "000", services: SERVICES })
}
