//! The rules of a journey.
//!
//! Rows: M1, M2.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{
    JourneyCommand, JourneyCorrected, JourneyError, JourneyEvent, JourneyRestarted,
    JourneyStarted, TimeZoneChanged,
};
use crate::aggregate::aggregate;
use crate::clean_days::{clean_days, local_date};

/// Days before this year are taken for a slip.
const FIRST_YEAR: i32 = 2000;

/// One stretch of counting, from a start to a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JourneyRun {
    /// 1 for the first.
    pub number: u32,
    /// The first clean day.
    pub started_on: NaiveDate,
    /// The local date on which its start was (last) reported.
    pub reported_on: NaiveDate,
    /// The local date on which a restart was reported, if one was.
    pub closed_on: Option<NaiveDate>,
}

/// A member's journey, with those before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// All of them, the present one last.
    pub runs: Vec<JourneyRun>,
    /// The member's zone, once reported.
    pub time_zone: Option<Tz>,
}

impl Journey {
    /// The journey that counts now.
    #[must_use]
    pub fn present(&self) -> Option<&JourneyRun> {
        self.runs.last()
    }

    /// Clean days of the present journey.
    #[must_use]
    pub fn clean_days(&self, at: DateTime<Utc>) -> Option<i64> {
        Some(clean_days(self.present()?.started_on, self.time_zone?, at))
    }

    /// What follows from a report.
    ///
    /// # Errors
    /// [`JourneyError`] names the rule.
    pub fn decide(
        &self,
        command: JourneyCommand,
        at: DateTime<Utc>,
    ) -> Result<Vec<JourneyEvent>, JourneyError> {
        match command {
            JourneyCommand::Report { started_on, time_zone, reason_given } => {
                let today = local_date(at, time_zone);
                within_reason(started_on, today)?;
                match (self.present(), self.time_zone) {
                    (Some(run), Some(zone)) => {
                        let report = Report { started_on, time_zone, reason_given };
                        Self::report_again(run, zone, report, at)
                    }
                    _ => Ok(vec![
                        JourneyStarted {
                            started_on,
                            time_zone,
                            journey_number: 1,
                            reported_on: today,
                            occurred_at: at,
                        }
                        .into(),
                    ]),
                }
            }
            JourneyCommand::Restart { on } => self.restart(on, at),
        }
    }

    fn report_again(
        run: &JourneyRun,
        zone: Tz,
        report: Report,
        at: DateTime<Utc>,
    ) -> Result<Vec<JourneyEvent>, JourneyError> {
        let mut events = Vec::new();
        if report.time_zone != zone {
            events.push(
                TimeZoneChanged {
                    time_zone: report.time_zone,
                    previous_time_zone: zone,
                    occurred_at: at,
                }
                .into(),
            );
        }
        if report.started_on != run.started_on {
            if !report.reason_given {
                return Err(JourneyError::ReasonMissing {
                    from: run.started_on,
                    to: report.started_on,
                });
            }
            events.push(
                JourneyCorrected {
                    started_on: report.started_on,
                    previous_started_on: run.started_on,
                    journey_number: run.number,
                    reported_on: local_date(at, report.time_zone),
                    occurred_at: at,
                }
                .into(),
            );
        }
        Ok(events)
    }

    /// A repeat of the last restart is nothing new.
    fn restart(
        &self,
        on: NaiveDate,
        at: DateTime<Utc>,
    ) -> Result<Vec<JourneyEvent>, JourneyError> {
        let (Some(run), Some(zone)) = (self.present(), self.time_zone) else {
            return Err(JourneyError::NotStarted);
        };
        let today = local_date(at, zone);
        within_reason(on, today)?;
        if run.number > 1 && run.started_on == on {
            return Ok(Vec::new());
        }
        if on <= run.started_on {
            return Err(JourneyError::NotAfterStart { on, started_on: run.started_on });
        }
        Ok(vec![
            JourneyRestarted {
                started_on: on,
                journey_number: run.number + 1,
                reported_on: today,
                occurred_at: at,
            }
            .into(),
        ])
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: &JourneyEvent) {
        match event {
            JourneyEvent::JourneyStarted(e) => {
                self.time_zone = Some(e.time_zone);
                self.begin(e.journey_number, e.started_on, e.reported_on);
            }
            JourneyEvent::JourneyCorrected(e) => {
                if let Some(run) = self.runs.last_mut() {
                    run.started_on = e.started_on;
                    run.reported_on = e.reported_on;
                }
            }
            JourneyEvent::JourneyRestarted(e) => {
                if let Some(run) = self.runs.last_mut() {
                    run.closed_on = Some(e.reported_on);
                }
                self.begin(e.journey_number, e.started_on, e.reported_on);
            }
            JourneyEvent::TimeZoneChanged(e) => self.time_zone = Some(e.time_zone),
        }
    }

    fn begin(&mut self, number: u32, started_on: NaiveDate, reported_on: NaiveDate) {
        self.runs.push(JourneyRun { number, started_on, reported_on, closed_on: None });
    }
}

struct Report {
    started_on: NaiveDate,
    time_zone: Tz,
    reason_given: bool,
}

fn within_reason(day: NaiveDate, today: NaiveDate) -> Result<(), JourneyError> {
    if day > today {
        return Err(JourneyError::AfterToday { day, today });
    }
    if day.year() < FIRST_YEAR {
        return Err(JourneyError::TooLongAgo { day });
    }
    Ok(())
}

aggregate!(Journey: JourneyCommand -> JourneyEvent | JourneyError);
