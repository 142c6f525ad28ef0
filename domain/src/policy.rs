//! Which milestone is due, and what does it give? Versioned files, and the day decides which
//! counts.
//!
//! The version in force on the local day on which a milestone was reached counts; the earliest
//! version also covers the days before it. What it says is copied into `MilestoneReached`, so a
//! later file changes no reward.
//!
//! A restart closes a journey on the day it was reported: milestones reached up to that day are
//! still due, also when the restart was back-dated (M2).
//!
//! Rows: M2, M3, M4.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Deserialize;

use crate::clean_days::{local_date, start_of_day};
use crate::ids::{MemberId, MilestoneId, PartnerId, PolicyVersion, RewardId};
use crate::journey::{Journey, JourneyRun};
use crate::money::{Amount, Currency};
use crate::partner::{PartnerType, ProductRules};
use crate::reward::{ReachMilestone, RewardCommand, RewardType};

/// Every version that ships with the program.
const BUILT_IN: &[(&str, &str)] = &[("2026-01.toml", include_str!("../policies/2026-01.toml"))];

/// How often a milestone can be earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OncePer {
    /// Once, whatever restarts.
    Member,
    /// Once after each new start.
    Journey,
}

/// A day on a journey, and the help it brings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// Its name in events.
    pub id: MilestoneId,
    /// After how many clean days it comes.
    pub days: u32,
    /// What kind of help.
    pub reward_type: RewardType,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Partners that may give it, first choice first.
    pub eligible_partners: Vec<PartnerId>,
    /// Those that are never chosen by themselves.
    #[serde(default)]
    pub claim_only: Vec<PartnerId>,
    /// Every other partner of these types may give it too, after those that are named.
    #[serde(default)]
    pub and_any_of: Vec<PartnerType>,
    /// Which products it may be given as.
    #[serde(default)]
    pub products: ProductRules,
}

/// One version of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its name in events.
    pub version: PolicyVersion,
    /// The first local day on which it counts.
    #[serde(deserialize_with = "toml_date")]
    pub in_force_from: NaiveDate,
    /// Days brought along to a first report that count without a look.
    pub max_backdated_days: u32,
    /// How often each milestone can be earned.
    pub once_per: OncePer,
    /// The milestones.
    pub milestones: Vec<Milestone>,
}

fn toml_date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let date = toml::value::Datetime::deserialize(deserializer)?;
    let text = date.to_string();
    text.parse().map_err(|_| serde::de::Error::custom("a date such as 2026-01-01 is expected"))
}

/// Every version, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies(Vec<Policy>);

/// A milestone that has been reached and may not be recorded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMilestone {
    /// What would be recorded.
    pub reach: ReachMilestone,
}

impl DueMilestone {
    /// The one reward it can become.
    #[must_use]
    pub fn reward_id(&self) -> RewardId {
        RewardId::of(self.reach.member_id, &self.reach.milestone, self.reach.cycle)
    }

    /// The wish to record it.
    #[must_use]
    pub fn into_command(self) -> RewardCommand {
        RewardCommand::Reach(Box::new(self.reach))
    }
}

impl Policies {
    /// The versions that ship with the program.
    ///
    /// # Panics
    /// Never: a test reads every file.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse(BUILT_IN).expect("the built-in policies are read by a test")
    }

    /// Reads policy files, given as (name, text).
    ///
    /// # Errors
    /// [`PolicyError`] names the file, and the line where there is one.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, PolicyError> {
        let mut policies = Vec::new();
        for (file, text) in files {
            let policy: Policy =
                toml::from_str(text).map_err(|error| PolicyError::Unreadable {
                    file: (*file).to_owned(),
                    line: error.span().map_or(0, |span| text[..span.start].lines().count().max(1)),
                    reason: error.message().to_owned(),
                })?;
            policy
                .check()
                .map_err(|reason| PolicyError::Unsound { file: (*file).to_owned(), reason })?;
            policies.push(policy);
        }
        policies.sort_by_key(|policy| policy.in_force_from);
        if policies.is_empty() {
            return Err(PolicyError::None);
        }
        Ok(Self(policies))
    }

    /// The same policies, where `and_any_of` stands for the partners there are.
    #[must_use]
    pub fn knowing(mut self, partners: &[(PartnerId, PartnerType)]) -> Self {
        for milestone in self.0.iter_mut().flat_map(|policy| &mut policy.milestones) {
            let wanted = std::mem::take(&mut milestone.and_any_of);
            let of_type = partners.iter().filter(|(_, its_type)| wanted.contains(its_type));
            for (partner, _) in of_type {
                if !milestone.eligible_partners.contains(partner) {
                    milestone.eligible_partners.push(partner.clone());
                }
            }
        }
        self
    }

    /// The version that counts on a local day.
    #[must_use]
    pub fn policy_on(&self, day: NaiveDate) -> &Policy {
        let in_force = self.0.iter().rev().find(|policy| policy.in_force_from <= day);
        in_force.unwrap_or(&self.0[0])
    }

    /// Every milestone that this member has reached, oldest first, recorded or not.
    #[must_use]
    pub fn due(
        &self,
        member: MemberId,
        journey: &Journey,
        at: DateTime<Utc>,
    ) -> Vec<DueMilestone> {
        let Some(zone) = journey.time_zone else { return Vec::new() };
        let today = local_date(at, zone);
        let mut due: Vec<DueMilestone> = journey
            .runs
            .iter()
            .flat_map(|run| {
                self.reached_in(member, run, run.closed_on.unwrap_or(today).min(today))
            })
            .collect();
        due.sort_by_key(|due| (due.reach.reached_on, due.reach.milestone_days));
        due
    }

    fn reached_in(
        &self,
        member: MemberId,
        run: &JourneyRun,
        until: NaiveDate,
    ) -> Vec<DueMilestone> {
        self.milestone_days()
            .into_iter()
            .filter_map(|days| run.started_on.checked_add_days(Days::new(days.into())))
            .filter(|reached_on| *reached_on <= until)
            .flat_map(|reached_on| {
                let policy = self.policy_on(reached_on);
                let days = (reached_on - run.started_on).num_days();
                let milestones = policy.milestones.iter();
                milestones
                    .filter(move |milestone| i64::from(milestone.days) == days)
                    .map(move |milestone| policy.due_milestone(member, run, milestone, reached_on))
            })
            .collect()
    }

    /// The numbers of days at which any version has a milestone.
    fn milestone_days(&self) -> BTreeSet<u32> {
        self.0.iter().flat_map(|policy| &policy.milestones).map(|each| each.days).collect()
    }

    /// When the present journey's next milestone begins: the local midnight of its day.
    #[must_use]
    pub fn next_due_at(&self, journey: &Journey, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (run, zone) = (journey.present()?, journey.time_zone?);
        self.milestone_days()
            .into_iter()
            .filter_map(|days| run.started_on.checked_add_days(Days::new(days.into())))
            .map(|day| start_of_day(day, zone))
            .find(|midnight| *midnight > at)
    }
}

impl Policy {
    fn due_milestone(
        &self,
        member: MemberId,
        run: &JourneyRun,
        milestone: &Milestone,
        reached_on: NaiveDate,
    ) -> DueMilestone {
        let brought_along = (run.reported_on - run.started_on).num_days();
        let needs_review =
            brought_along > i64::from(self.max_backdated_days) && reached_on <= run.reported_on;
        DueMilestone {
            reach: ReachMilestone {
                member_id: member,
                milestone: milestone.id.clone(),
                milestone_days: milestone.days,
                journey_number: run.number,
                cycle: match self.once_per {
                    OncePer::Member => 1,
                    OncePer::Journey => run.number,
                },
                reached_on,
                policy_version: self.version.clone(),
                reward_type: milestone.reward_type,
                amount: milestone.amount,
                currency: milestone.currency,
                eligible_partners: milestone.eligible_partners.clone(),
                claim_only: milestone.claim_only.clone(),
                product_rules: milestone.products.clone(),
                hold: needs_review.then(|| "days_before_report".to_owned()),
            },
        }
    }

    fn check(&self) -> Result<(), String> {
        let mut ids = BTreeSet::new();
        for milestone in &self.milestones {
            let Milestone { id, days, amount, eligible_partners, claim_only, .. } = milestone;
            if !ids.insert(id) {
                return Err(format!("milestone {id} is there twice"));
            }
            if *days == 0 || amount.is_zero() || eligible_partners.is_empty() {
                return Err(format!("milestone {id} needs days, an amount and partners"));
            }
            if let Some(odd) = claim_only.iter().find(|one| !eligible_partners.contains(one)) {
                return Err(format!("milestone {id}: {odd} is claim_only and not eligible"));
            }
        }
        if self.milestones.is_empty() { Err("no milestones".to_owned()) } else { Ok(()) }
    }
}

/// Why a policy file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Mend the line.
    #[error("{file}, line {line}: {reason}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Where, from 1; 0 when the whole file is meant.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Mend what it says.
    #[error("{file}: {reason}")]
    Unsound {
        /// Which file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// Give at least one.
    #[error("there is no policy")]
    None,
}
