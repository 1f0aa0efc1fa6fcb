// What a take is made with: the models there are, the settings in the session panel, loading, and the memory plan.
//
// Owner:  MainWindow. Everything it is given must outlive it.
// Thread: GUI thread.
#pragma once

#include <optional>

#include <QObject>
#include <QStringList>

#include "app/session/session_listener.h"
#include "app/studio/failure_text.h"
#include "app/studio/studio_widgets.h"
#include "ui/panels/session_values.h"

namespace longtake {

class Session;
class SessionBridge;
class TakeController;
class TimelineModel;
class Project;

class SetupController final : public QObject {
    Q_OBJECT

public:
    SetupController(Session& session, SessionBridge& bridge, TakeController& takes, TimelineModel& model, const StudioWidgets& widgets,
                    QObject* parent = nullptr);
    ~SetupController() override;

    // Looks for models and loads the first; plays its first example when it is there.
    void openFirstModel();
    const std::optional<ModelInfo>& model() const { return loaded_; }
    QStringList examples() const;

    // Makes the project's settings those of the next take; fails in words when its model is not found.
    bool adopt(const Project& project);
    // Model, size, seed, sampler, rollout and precision of the running take, into the project.
    void describe(Project& project) const;

public slots:
    void startTake();
    void startWith(const longtake::SessionSettings& settings);
    void openModel();                             // asks for a folder
    bool openModelFolder(const QString& folder);  // false when it is none
    void chooseStartImage();                      // asks for a file
    void beginWithPicture();                      // asks for a file and starts a take
    // An undo step; for the next take. Empty: none.
    void setStartImage(const QString& path);
    void startWithImage(const QString& path);

signals:
    void modelReady();
    void told(const QString& message);
    void failed(const longtake::Failure& failure);
    void settingsChanged();

private:
    QString askForPicture() const;  // empty: none was chosen
    void listModels();
    void findGpus();  // asks in the background and adds to the devices
    bool givePrompt(const ModelConfig& config);
    bool addModel(const std::string& folder);
    void modelLoaded(const ModelInfo& info);
    void show(const SessionSettings& settings);
    void showPlan(const MemoryPlan& plan);
    void settingsEdited(const SessionSettings& settings);
    void askPlan(const SessionSettings& settings);
    void sayFailure(FailedAt at, const std::string& line);
    void findFingerprint(const std::string& folder);
    EngineChoice engineOf(const SessionSettings& settings) const;
    TakeOptions optionsOf(const SessionSettings& settings, const ModelConfig& config) const;
    const ModelConfig* configOf(const std::string& id) const;
    const std::string& startPng(const std::shared_ptr<const Frame8>& picture) const;

    struct KnownModel {
        std::string folder;
        ModelConfig config;
    };

    Session& session_;
    TakeController& takes_;
    TimelineModel& timeline_;
    StudioWidgets w_;
    std::vector<KnownModel> models_;
    SessionChoices choices_;
    std::optional<EngineChoice> asked_;  // the newest load()
    std::optional<ModelInfo> loaded_;
    std::optional<TakeOptions> projectOptions_;  // of an opened project, for what the panel does not show
    struct {
        std::string path, png;
    } kept_;  // an opened project's start picture
    // The running take's start picture as a PNG, made when a project first asks.
    mutable std::shared_ptr<const Frame8> encodedPicture_;
    mutable std::string encodedPng_;
    std::string fingerprint_;        // of the loaded model, as soon as it is known
    std::string wantedFingerprint_;  // of the opened project's model
    bool playFirst_ = false;
};

}  // namespace longtake
