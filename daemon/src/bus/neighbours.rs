//! What other services on the machine's bus say of power, of the user and of memory: UPower (`OnBattery`), logind
//! (`IdleHint`) and the low-memory monitor (`LowMemoryWarning`), each by its published interface.
//!
//! None is started for it, and none is asked again and again: each tells when something changes. `run` hears of it.

use futures_util::{StreamExt, stream::select_all};
use zbus::{Connection, MatchRule, MessageStream, OwnedVariant, message::Type};

use super::{Place, ask_bus, builder};

const UPOWER: Service = Service { name: "org.freedesktop.UPower", path: "/org/freedesktop/UPower" };
const LOGIND: Service = Service { name: "org.freedesktop.login1", path: "/org/freedesktop/login1" };
/// The interface of [`LOGIND`]'s object.
const MANAGER: &str = "org.freedesktop.login1.Manager";
const MONITOR: Service =
    Service { name: "org.freedesktop.LowMemoryMonitor", path: "/org/freedesktop/LowMemoryMonitor" };
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// A service and its object.
struct Service {
    name: &'static str,
    path: &'static str,
}

/// What a neighbour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// UPower: whether the machine runs from a battery; `None` when it is not there.
    OnBattery(Option<bool>),
    /// logind: whether nobody has done anything for a while; `None` when it is not there.
    UserIdle(Option<bool>),
    /// The low-memory monitor: how low memory is just now, 1 to 255. It never says when that is over.
    LowMemory(u8),
}

/// Tells what they say on a bus, now and whenever it changes, until it is gone.
///
/// Errors: there is no such bus, or it does not let us listen.
pub async fn listen<Told: Future<Output = ()>>(place: &Place, tell: impl Fn(Said) -> Told) -> zbus::Result<()> {
    let connection = builder(place).build().await?;
    let mut signals = Vec::new();
    for rule in rules()? {
        signals.push(MessageStream::for_match_rule(rule, &connection, None).await?);
    }
    let mut signals = select_all(signals);
    // They have been heard since before they are asked.
    tell(on_battery(&connection).await).await;
    tell(user_idle(&connection).await).await;
    while let Some(Ok(signal)) = signals.next().await {
        let header = signal.header();
        // The bus gives only those to all whose senders have the names in the rules; to us alone anybody can send.
        if header.destination().is_some() {
            continue;
        }
        match header.member().map(|member| member.as_str()) {
            Some("LowMemoryWarning") => {
                // Of any other type it is not what its specification says.
                if let Ok(level) = signal.body().deserialize::<u8>() {
                    tell(Said::LowMemory(level)).await;
                }
            }
            // The names of the properties and of who comes and goes are in the rules.
            _ if header.path().is_some_and(|path| path.as_str() == LOGIND.path) || is_about(&signal, LOGIND.name) => {
                tell(user_idle(&connection).await).await;
            }
            _ => tell(on_battery(&connection).await).await,
        }
    }
    // Nobody says any more whether it is still so.
    tell(Said::OnBattery(None)).await;
    tell(Said::UserIdle(None)).await;
    Ok(())
}

/// Whether its first argument is this name.
fn is_about(signal: &zbus::Message, name: &str) -> bool {
    let body = signal.body();
    body.deserialize::<(&str, &str, &str)>().is_ok_and(|(about, _, _)| about == name)
}

fn rules() -> zbus::Result<Vec<MatchRule<'static>>> {
    let signal = || MatchRule::builder().msg_type(Type::Signal);
    let changed = |service: &Service, interface: &'static str| {
        let rule = signal().sender(service.name).path(service.path).interface(PROPERTIES);
        rule.member("PropertiesChanged").arg(0, interface).build()
    };
    let bus = "org.freedesktop.DBus";
    let comes =
        |service: &Service| signal().sender(bus).interface(bus).member("NameOwnerChanged").arg(0, service.name).build();
    let warning = signal().sender(MONITOR.name).path(MONITOR.path).interface(MONITOR.name).member("LowMemoryWarning");
    [changed(&UPOWER, UPOWER.name), changed(&LOGIND, MANAGER), comes(&UPOWER), comes(&LOGIND), warning.build()]
        .into_iter()
        .collect()
}

async fn on_battery(connection: &Connection) -> Said {
    Said::OnBattery(property(connection, &UPOWER, UPOWER.name, "OnBattery").await)
}

async fn user_idle(connection: &Connection) -> Said {
    Said::UserIdle(property(connection, &LOGIND, MANAGER, "IdleHint").await)
}

/// A property of a service that runs; `None` of one that does not, or does not say.
async fn property(connection: &Connection, service: &Service, interface: &str, name: &str) -> Option<bool> {
    // Asking one that does not run would start it.
    ask_bus(connection, "GetConnectionUnixProcessID", service.name).await.ok()?;
    let wanted = (interface, name);
    let asked = connection.call_method(Some(service.name), service.path, Some(PROPERTIES), "Get", &wanted);
    let value: OwnedVariant = asked.await.ok()?.body().deserialize().ok()?;
    bool::try_from(value).ok()
}
