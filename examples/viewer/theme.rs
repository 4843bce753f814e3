//! The light or dark look of the system.

use eframe::egui;

/// egui's share for weak text, 0.6, leaves grey that is hard to read on a light ground.
const WEAK_TEXT_ON_LIGHT: f32 = 0.8;

/// Draws in the system's look: winit tells it, and its changes, on Windows and macOS; on Linux the desktop is asked once.
pub fn follow_system(context: &egui::Context) {
    context.set_theme(egui::ThemePreference::System);
    context.style_mut_of(egui::Theme::Light, |style| style.visuals.weak_text_alpha = WEAK_TEXT_ON_LIGHT);
    if let Some(theme) = of_the_desktop() {
        context.options_mut(|options| options.fallback_theme = theme);
    }
}

/// What the desktop's settings portal answers, where there is one and it knows.
#[cfg(target_os = "linux")]
fn of_the_desktop() -> Option<egui::Theme> {
    /// A desktop that does not answer is not to keep the window from opening.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);
    let bus = zbus::blocking::connection::Builder::session().ok()?.method_timeout(PATIENCE).build().ok()?;
    let question = ("org.freedesktop.appearance", "color-scheme");
    let (portal, path) = ("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop");
    let settings = Some("org.freedesktop.portal.Settings");
    let answer = bus.call_method(Some(portal), path, settings, "ReadOne", &question).ok()?;
    let scheme = answer.body().deserialize::<zbus::zvariant::OwnedValue>().ok()?;
    match u32::try_from(scheme).ok()? {
        1 => Some(egui::Theme::Dark),
        2 => Some(egui::Theme::Light),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn of_the_desktop() -> Option<egui::Theme> {
    None
}
