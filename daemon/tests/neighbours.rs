//! What other services on the machine's bus say, on a real message bus: asked when they come, heard when they change, gone
//! when they go.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[expect(dead_code, reason = "only the bus is wanted")]
mod fake;

use fake::PrivateBus;
use metaextractd::bus::neighbours::{Said, listen};
use tokio::sync::mpsc;
use zbus::{Connection, connection::Builder, interface};

struct UPower(bool);

#[interface(name = "org.freedesktop.UPower")]
impl UPower {
    #[zbus(property)]
    fn on_battery(&self) -> bool {
        self.0
    }
}

struct Logind(bool);

#[interface(name = "org.freedesktop.login1.Manager")]
impl Logind {
    #[zbus(property)]
    fn idle_hint(&self) -> bool {
        self.0
    }
}

const UPOWER: &str = "/org/freedesktop/UPower";
const MONITOR: &str = "org.freedesktop.LowMemoryMonitor";

fn connection(bus: &PrivateBus) -> Builder<'_> {
    Builder::address(bus.address.as_str())
}

/// What is said, once whoever listens has been told that nobody is there.
async fn listener(bus: &PrivateBus) -> mpsc::Receiver<Said> {
    let (sender, mut said) = mpsc::channel(16);
    let place = bus.place();
    tokio::spawn(async move {
        listen(&place, |said| {
            let sender = sender.clone();
            async move { sender.send(said).await.unwrap() }
        })
        .await
        .unwrap()
    });
    assert_eq!(said.recv().await, Some(Said::OnBattery(None)));
    assert_eq!(said.recv().await, Some(Said::UserIdle(None)));
    said
}

async fn warn(connection: &Connection, level: u8) {
    let path = "/org/freedesktop/LowMemoryMonitor";
    connection.emit_signal(None::<&str>, path, MONITOR, "LowMemoryWarning", &level).await.unwrap();
}

#[tokio::test]
async fn neighbours_are_heard_as_they_come_change_and_go() {
    let bus = PrivateBus::start();
    let mut said = listener(&bus).await;
    let upower = connection(&bus).serve_at(UPOWER, UPower(true)).name("org.freedesktop.UPower").build().await.unwrap();
    assert_eq!(said.recv().await, Some(Said::OnBattery(Some(true))));
    let logind = connection(&bus).serve_at("/org/freedesktop/login1", Logind(false)).name("org.freedesktop.login1");
    let logind = logind.build().await.unwrap();
    assert_eq!(said.recv().await, Some(Said::UserIdle(Some(false))));

    let interface = upower.object_server().interface::<_, UPower>(UPOWER).await.unwrap();
    interface.get_mut().await.0 = false;
    interface.get().await.on_battery_changed(interface.signal_emitter()).await.unwrap();
    assert_eq!(said.recv().await, Some(Said::OnBattery(Some(false))));

    drop(logind);
    assert_eq!(said.recv().await, Some(Said::UserIdle(None)));
}

#[tokio::test]
async fn a_warning_counts_only_from_the_monitor_itself() {
    let bus = PrivateBus::start();
    let mut said = listener(&bus).await;
    let stranger = connection(&bus).build().await.unwrap();
    warn(&stranger, 255).await;
    // To one alone anybody can send: whoever listens has the first name that the bus has given.
    let (path, member) = ("/org/freedesktop/LowMemoryMonitor", "LowMemoryWarning");
    for number in 0..3 {
        stranger.emit_signal(Some(format!(":1.{number}")), path, MONITOR, member, &255_u8).await.unwrap();
    }
    let monitor = connection(&bus).name(MONITOR).build().await.unwrap();
    warn(&monitor, 100).await;
    assert_eq!(said.recv().await, Some(Said::LowMemory(100)));
}
