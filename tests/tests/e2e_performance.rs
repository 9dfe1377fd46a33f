//! How well it goes, as a real daemon tells it: alerts, the score, the trend of the day and what each reader has done.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::fs;

use serde_json::Value;
use tests::{instance::Instance, samples::jpeg};

fn alert(status: &Value, id: &str) -> Option<Value> {
    status["Alerts"].as_array().unwrap().iter().find(|alert| alert["Id"] == id).cloned()
}

#[test]
fn files_that_end_their_workers_are_an_alert_until_others_are_read() {
    let instance = Instance::start_hostile(&["retry.backoff=1ms"]);
    assert_eq!(instance.status()["Alerts"], Value::Array(vec![]));
    assert_eq!(instance.status()["Score"]["Value"], 100);
    (0..6).for_each(|n| _ = instance.put(format!("{n}.hostile"), "HOSTILE panic"));
    instance.watch(&instance.root());
    let come = instance.until("an alert comes", || alert(&instance.status(), "failure-rate"));
    let text = come["Text"].as_str().unwrap();
    assert!(text.contains("of the last") && !text.contains("hostile"), "it names no file: {text}");
    instance.log().line(&["something goes badly", "failure-rate"]);
    let status = instance.status();
    let (value, failures) = (status["Score"]["Value"].as_u64(), status["Score"]["Failures"].as_u64());
    assert!(value < Some(100) && failures > Some(0) && status["Score"]["At"].as_u64() > Some(0), "{}", status["Score"]);
    let shown = |name: &str| fs::read_to_string(instance.mount().join("status").join(name)).unwrap();
    instance.until("the view shows it", || shown("state").contains("alert failure-rate: ").then_some(()));
    assert!(shown("score").starts_with("score ") && shown("score").contains("lost to failures"), "{}", shown("score"));
    let told = instance.ctl(["status"]);
    assert!(told.contains("\nalert     failure-rate: ") && told.contains("\nscore     "), "{told}");
    assert_eq!(status["Degraded"], Value::Array(vec![]), "everything works");

    (0..400).for_each(|n| _ = instance.put(format!("{n}.jpg"), jpeg("fine")));
    instance.until("the alert goes", || alert(&instance.status(), "failure-rate").is_none().then_some(()));
    instance.log().line(&["it goes well again", "failure-rate"]);
}

#[test]
fn what_was_done_is_counted_over_restarts() {
    let mut instance = Instance::watching(|root| {
        (0..20).for_each(|n| fs::write(root.join(format!("{n}.jpg")), jpeg("fine")).unwrap());
        // Within its comment.
        fs::write(root.join("cut.jpg"), &jpeg("cut")[..7]).unwrap();
    });
    let done = |instance: &Instance| {
        let formats = instance.json(["formats"]);
        formats.as_array().unwrap().iter().find(|format| format["Name"] == "JPEG").unwrap().clone()
    };
    let before = done(&instance);
    assert_eq!((before["Read"].as_u64(), before["Partial"].as_u64()), (Some(20), Some(1)), "{before}");
    assert_eq!(before["Last"].as_array().unwrap().len(), 1, "{before}");
    assert!(before["Median"].as_u64() > Some(0) && before["Trend"].is_string(), "{before}");
    let files = |instance: &Instance| {
        let trends = instance.status()["Trends"].clone();
        let sum = |key: &str| trends[key].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>();
        (sum("Files"), sum("Failures"))
    };
    assert_eq!(files(&instance), (21, 0));
    instance.stop_daemon();
    instance.start_daemon(&[]);
    assert_eq!(files(&instance), (21, 0));
    let after = done(&instance);
    let kept = ["Read", "Partial", "Failed", "Since", "Last"];
    assert_eq!(kept.map(|key| &after[key]), kept.map(|key| &before[key]));
}
