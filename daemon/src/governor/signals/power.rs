//! Where the power comes from (Linux, `Documentation/ABI/testing/sysfs-class-power`).

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

/// The machine's own supplies; those of a mouse or a headset say nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Power {
    /// Whether it runs from a battery; `None` where nothing says so, as on a desktop.
    pub on_battery: Option<bool>,
    /// Percent left of the fullest battery, 0 to 100; `None` without one.
    pub charge: Option<u8>,
}

impl Power {
    /// From a directory as `/sys/class/power_supply`.
    pub fn read(supplies: &Path) -> Self {
        let (mut mains, mut discharging, mut charge) = (None, None, None);
        for supply in fs::read_dir(supplies).into_iter().flatten().flatten() {
            let value = |name: &str| fs::read_to_string(supply.path().join(name)).map(|text| text.trim().to_owned());
            if value("scope").is_ok_and(|scope| scope == "Device") {
                continue;
            }
            match value("type").as_deref() {
                Ok("Mains" | "USB" | "Wireless") => {
                    if let Ok(online) = value("online") {
                        mains = Some(mains == Some(true) || online != "0");
                    }
                }
                Ok("Battery" | "UPS") => {
                    if let Ok(status) = value("status") {
                        discharging = Some(discharging == Some(true) || status == "Discharging");
                    }
                    let percent = value("capacity").ok().and_then(|percent| percent.parse::<u8>().ok());
                    charge = charge.max(percent.map(|percent| percent.min(100)));
                }
                _ => {}
            }
        }
        // A battery that empties although the mains are there is not what the machine runs from.
        let on_battery = match (mains, discharging) {
            (Some(true), _) => Some(false),
            (Some(false), None) => None,
            (_, discharging) => discharging,
        };
        Self { on_battery, charge }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said by supplies with these files.
    fn said(supplies: &[&[(&str, &str)]]) -> Power {
        let dir = tempfile::tempdir().unwrap();
        for (number, files) in supplies.iter().enumerate() {
            let supply = dir.path().join(format!("S{number}"));
            fs::create_dir(&supply).unwrap();
            files.iter().for_each(|(name, value)| fs::write(supply.join(name), format!("{value}\n")).unwrap());
        }
        Power::read(dir.path())
    }

    #[test]
    fn a_laptop_a_desktop_and_a_mouse() {
        let mains = |online| vec![("type", "Mains"), ("online", online)];
        let battery = |status, percent| vec![("type", "Battery"), ("status", status), ("capacity", percent)];
        let mouse = [("type", "Battery"), ("scope", "Device"), ("status", "Discharging"), ("capacity", "5")];
        type Files<'a> = &'a [(&'a str, &'a str)];
        let table: [(&[Files<'_>], Option<bool>, Option<u8>); 8] = [
            (&[], None, None),
            (&[&mouse], None, None),
            (&[&mains("1")], Some(false), None),
            (&[&mains("1"), &battery("Charging", "80")], Some(false), Some(80)),
            (&[&mains("0"), &battery("Discharging", "19"), &mouse], Some(true), Some(19)),
            (&[&battery("Discharging", "200")], Some(true), Some(100)),
            (&[&mains("0"), &battery("Full", "x")], Some(false), None),
            (&[&battery("Discharging", "10"), &battery("Full", "90")], Some(true), Some(90)),
        ];
        for (supplies, on_battery, charge) in table {
            assert_eq!(said(supplies), Power { on_battery, charge }, "{supplies:?}");
        }
        assert_eq!(Power::read(Path::new("/nonexistent")), Power::default());
    }
}
