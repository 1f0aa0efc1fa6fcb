// The widgets of the main window that controllers work with.
//
// Owner:  MainWindow; controllers refer to them.
// Thread: GUI thread.
#pragma once

namespace longtake {

class CachePanel;
class CanvasWidget;
class PromptBar;
class RankPanel;
class SessionPanel;
class TimelinePanel;
class TransportBar;

struct StudioWidgets {
    CanvasWidget* canvas = nullptr;
    TransportBar* transport = nullptr;
    PromptBar* prompt = nullptr;
    TimelinePanel* timeline = nullptr;
    CachePanel* cache = nullptr;
    RankPanel* rank = nullptr;
    SessionPanel* session = nullptr;
};

}  // namespace longtake
