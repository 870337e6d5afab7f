//! `--health-*` and `--no-healthcheck`.

use serde_json::{Map, Value, json};

use super::{ContainerFlags, request::given};

impl ContainerFlags {
    /// The API's `HealthConfig`, if anything is said about health.
    ///
    /// # Errors
    /// Docker's words.
    pub(super) fn healthcheck(&self) -> Result<Option<Value>, String> {
        let numbers = [
            ("interval", "Interval", self.health_interval),
            ("timeout", "Timeout", self.health_timeout),
            ("retries", "Retries", self.health_retries),
            ("start-period", "StartPeriod", self.health_start_period),
            (
                "start-interval",
                "StartInterval",
                self.health_start_interval,
            ),
        ];
        let set = numbers
            .iter()
            .filter_map(|(flag, field, value)| Some((flag, field, value.filter(|n| *n != 0)?)));
        let command = given(&self.health_cmd);
        if self.no_healthcheck {
            if command.is_some() || set.count() > 0 {
                return Err("--no-healthcheck conflicts with --health-* options".into());
            }
            return Ok(Some(json!({ "Test": ["NONE"] })));
        }
        let mut health = Map::new();
        if let Some(command) = command {
            health.insert("Test".into(), json!(["CMD-SHELL", command]));
        }
        for (flag, field, value) in set {
            if value < 0 {
                return Err(format!("--health-{flag} cannot be negative"));
            }
            health.insert((*field).into(), json!(value));
        }
        Ok((!health.is_empty()).then_some(Value::Object(health)))
    }
}
