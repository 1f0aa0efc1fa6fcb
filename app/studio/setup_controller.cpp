#include "app/studio/setup_controller.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include <QFileDialog>
#include <QFileInfo>
#include <QRandomGenerator>
#include <QThreadPool>
#include <QUndoCommand>

#include "app/media/picture_file.h"
#include "app/media/png_file.h"
#include "app/project/model_fingerprint.h"
#include "app/project/model_folders.h"
#include "app/project/project.h"
#include "app/session/session.h"
#include "app/studio/session_bridge.h"
#include "app/studio/take_controller.h"
#include "engine/rollout/sampler.h"
#include "kernels/devices.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/rank_panel.h"
#include "ui/panels/session_panel.h"
#include "ui/theme/formats.h"
#include "ui/timeline/timeline_model.h"

namespace longtake {

namespace {

constexpr size_t kHintWords = 8;
constexpr int kTokensPerWord = 2;  // about, for the warning that a prompt is long

QString words(const std::string& text) { return QString::fromStdString(text); }

class StartImageCommand final : public QUndoCommand {
public:
    StartImageCommand(SessionPanel& panel, QString path)
        : QUndoCommand(SetupController::tr("start picture")), panel_(panel), before_(words(panel.settings().startImage)),
          after_(std::move(path)) {}
    void undo() override { panel_.setStartImage(before_); }
    void redo() override { panel_.setStartImage(after_); }

private:
    SessionPanel& panel_;
    QString before_, after_;
};

// The model's own size, and more of its shape.
std::vector<FrameSize> sizesOf(const ModelConfig& config, FrameSize step) {
    std::vector<FrameSize> sizes{{config.width, config.height}};
    for (const double scale : {0.75, 1.5, 2.0}) {
        const FrameSize size{static_cast<int>(config.width * scale) / step.width * step.width,
                             static_cast<int>(config.height * scale) / step.height * step.height};
        if (size.width > 0 && size.height > 0) sizes.push_back(size);
    }
    return sizes;
}

ModelChoice choiceOf(const std::string& folder, const ModelConfig& config) {
    ModelChoice choice;
    choice.id = folder;
    choice.name = config.name;
    choice.description = config.description;
    for (const auto* list : {&config.knows.places, &config.knows.things, &config.knows.weather})
        for (size_t i = 0; i < list->size() && i < kHintWords; ++i) choice.knows.push_back((*list)[i]);
    choice.sizeStep = {8 * config.dit.patchW, 8 * config.dit.patchH};
    choice.sizes = sizesOf(config, choice.sizeStep);
    choice.maxSteps = std::max<int>(static_cast<int>(config.sampler.steps.size()), config.sampler.kind == SamplerKind::Euler ? 50 : 4);
    choice.chunkFrames = config.rollout.chunkFrames;
    return choice;
}

PromptGuide guideOf(const ModelConfig& config) {
    PromptGuide guide;
    for (const std::string& word : config.knows.vocabulary) guide.vocabulary.insert(words(word).toLower());
    for (const auto* list : {&config.knows.places, &config.knows.things})
        for (size_t i = 0; i < list->size() && i < kHintWords / 2; ++i) guide.knows += words((*list)[i]);
    guide.readsWords = config.dit.textLen / kTokensPerWord;
    return guide;
}

}  // namespace

SetupController::SetupController(Session& session, SessionBridge& bridge, TakeController& takes, TimelineModel& model,
                                 const StudioWidgets& widgets, QObject* parent)
    : QObject(parent), session_(session), takes_(takes), timeline_(model), w_(widgets) {
    connect(&bridge, &SessionBridge::modelTold, this, &SetupController::modelLoaded);
    connect(&bridge, &SessionBridge::failureTold, this, &SetupController::sayFailure);
    connect(&bridge, &SessionBridge::planTold, this, &SetupController::showPlan);
    connect(w_.session, &SessionPanel::settingsEdited, this, &SetupController::settingsEdited);
    connect(w_.session, &SessionPanel::startRequested, this, &SetupController::startWith);
    connect(w_.session, &SessionPanel::openModelRequested, this, &SetupController::openModel);
    connect(w_.session, &SessionPanel::startImageWanted, this, &SetupController::chooseStartImage);
    connect(w_.session, &SessionPanel::startImageChosen, this, &SetupController::setStartImage);
    connect(&takes, &TakeController::startWanted, this, &SetupController::startTake);
    listModels();
}

// Starting a driver can take longer than a window may wait.
void SetupController::findGpus() {
    QThreadPool::globalInstance()->start([this] {
        DeviceList found = listDevices();
        QMetaObject::invokeMethod(this, [this, found = std::move(found)] {
            for (const DeviceInfo& device : found.devices) {
                if (device.usesThreads) continue;
                DeviceChoice gpu{.id = device.id, .name = device.name, .usesThreads = false, .precisions = {}};
                for (Precision precision : device.precisions) gpu.precisions.push_back(precision == Precision::Bf16 ? "bf16" : "fp32");
                choices_.devices.push_back(std::move(gpu));
            }
            if (choices_.devices.size() == 1)
                choices_.devices.push_back({.id = "cuda",
                                            .name = tr("NVIDIA GPU").toStdString(),
                                            .problem = tr("No NVIDIA card can be used here.").toStdString() + "\n" + found.whyNoGpu});
            const SessionSettings settings = w_.session->settings();
            w_.session->setChoices(choices_);
            w_.session->setSettings(settings);
        });
    });
}

void SetupController::listModels() {
    choices_.cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    DeviceChoice cpu{.id = "cpu", .name = tr("CPU").toStdString(), .usesThreads = true, .precisions = {"fp32"}};
    if (cpuHasBf16()) cpu.precisions = {"bf16", "fp32"};
    choices_.devices = {cpu};
    findGpus();
    for (const std::string& folder : findModelFolders()) addModel(folder);
    w_.session->setChoices(choices_);
    if (models_.empty()) return;
    SessionSettings settings = w_.session->settings();
    const ModelConfig& config = models_.front().config;
    settings.seed = 7;
    settings.steps = static_cast<int>(config.sampler.steps.size());
    settings.sinkFrames = config.rollout.sinkFrames;
    settings.windowFrames = config.rollout.windowFrames;
    w_.session->setSettings(settings);
}

bool SetupController::addModel(const std::string& folder) {
    Result<ModelConfig> config = Model::readConfig(folder);
    if (!config) {
        emit failed(notAModel(words(folder), config.message()));
        return false;
    }
    choices_.models.push_back(choiceOf(folder, *config));
    models_.push_back({folder, std::move(*config)});
    return true;
}

const ModelConfig* SetupController::configOf(const std::string& id) const {
    const auto found = std::find_if(models_.begin(), models_.end(), [&](const KnownModel& model) { return model.folder == id; });
    return found == models_.end() ? nullptr : &found->config;
}

void SetupController::openFirstModel() {
    if (models_.empty()) {
        emit told(tr("No model was found. Open a model folder from the Model menu."));
        return;
    }
    playFirst_ = timeline_.timeline().empty();
    asked_ = engineOf(w_.session->settings());
    session_.load(*asked_);
    // Parked until the model is there, so that nothing waits for the window.
    if (playFirst_ && !models_.front().config.examples.empty()) {
        timeline_.reset(*PromptTimeline::create(models_.front().config.examples.front()));
        takes_.begin(optionsOf(w_.session->settings(), models_.front().config), FirstMotion::Playing);
    }
}

QStringList SetupController::examples() const {
    QStringList list;
    if (const ModelConfig* config = configOf(w_.session->settings().modelId))
        for (const std::string& example : config->examples) list += words(example);
    return list.mid(0, 3);
}

void SetupController::modelLoaded(const ModelInfo& info) {
    loaded_ = info;
    w_.prompt->setGuide(guideOf(info.config));
    w_.rank->clear();
    w_.rank->setWeights({});
    const QString device = words(info.choice.device).toUpper();
    takes_.setBackendText(tr("%1 · %2 threads · %3").arg(device).arg(info.threads).arg(words(info.config.name)));
    askPlan(w_.session->settings());
    findFingerprint(info.choice.folder);
    emit modelReady();
}

// Reads the whole model, so not on this thread.
void SetupController::findFingerprint(const std::string& folder) {
    fingerprint_.clear();
    QThreadPool::globalInstance()->start([this, folder] {
        const Result<std::string> found = modelFingerprint(folder);
        if (!found) return;  // said when the model could not be loaded
        QMetaObject::invokeMethod(this, [this, folder, print = *found] {
            if (!loaded_ || loaded_->choice.folder != folder) return;
            fingerprint_ = print;
            if (wantedFingerprint_.empty() || wantedFingerprint_ == print) return;
            emit told(tr("The model is not the one the project was made with; its pictures can differ."));
        });
    });
}

SetupController::~SetupController() { QThreadPool::globalInstance()->waitForDone(); }

EngineChoice SetupController::engineOf(const SessionSettings& settings) const {
    return {.folder = settings.modelId,
            .device = settings.deviceId,
            .threads = settings.threads,
            .precision = settings.precision == "fp32" ? Precision::Fp32 : Precision::Bf16};
}

TakeOptions SetupController::optionsOf(const SessionSettings& settings, const ModelConfig& config) const {
    TakeOptions options = projectOptions_ ? *projectOptions_ : TakeOptions::of(config);
    options.width = settings.width;
    options.height = settings.height;
    options.seed = settings.seed;
    options.window.sinkFrames = settings.sinkFrames;
    options.window.windowFrames = settings.windowFrames;
    options.start = startPictureFrom(settings.startImage, settings.startImage == kept_.path ? kept_.png : std::string());
    if (static_cast<int>(options.sampler.steps.size()) != settings.steps) options.sampler.steps = Sampler::evenSteps(settings.steps);
    return options;
}

void SetupController::startTake() {
    if (const QString misfit = w_.session->misfit(); !misfit.isEmpty()) return emit told(misfit);
    startWith(w_.session->settings());
}

void SetupController::startWith(const SessionSettings& given) {
    SessionSettings settings = given;
    const ModelConfig* config = configOf(settings.modelId);
    if (!config) {
        emit told(tr("There is no model to start with. Open a model folder from the Model menu."));
        return;
    }
    if (!givePrompt(*config)) return;
    if (settings.newSeedEachTake && takes_.hasTake()) settings.seed = QRandomGenerator::global()->bounded(1'000'000);
    const EngineChoice engine = engineOf(settings);
    if (!asked_ || engine != *asked_ || !loaded_) {
        asked_ = engine;
        session_.load(engine);
    }
    takes_.begin(optionsOf(settings, *config), FirstMotion::Playing);
    w_.session->setSettings(settings);
    emit settingsChanged();
}

// A timeline without prompts gets what is typed, else the model's first example.
bool SetupController::givePrompt(const ModelConfig& config) {
    if (!timeline_.timeline().empty()) return true;
    const QString typed = w_.prompt->text().trimmed();
    const QString first = !typed.isEmpty() ? typed : config.examples.empty() ? QString() : words(config.examples.front());
    auto made = PromptTimeline::create(first.toStdString());
    if (!made) {
        emit told(tr("A take needs a prompt. Describe what should be seen, then press Enter."));
        return false;
    }
    timeline_.reset(std::move(*made));
    return true;
}

void SetupController::settingsEdited(const SessionSettings& settings) {
    projectOptions_.reset();
    askPlan(settings);
    emit settingsChanged();
}

// Of another model or project: what was planned before does not count for it.
void SetupController::show(const SessionSettings& settings) {
    w_.session->setSettings(settings);
    w_.session->setPlan({});
    askPlan(settings);
}

void SetupController::sayFailure(FailedAt at, const std::string& line) {
    QString subject;
    if (at == FailedAt::Loading && asked_) subject = words(asked_->folder);
    if (at == FailedAt::Beginning) subject = words(w_.session->settings().startImage);
    emit failed(sessionFailure(at, subject, line));
}

// Only the loaded model's plan is known; another one's comes when it is loaded.
void SetupController::askPlan(const SessionSettings& settings) {
    if (!loaded_ || loaded_->choice.folder != settings.modelId) return w_.session->setPlan({});
    RolloutConfig window = loaded_->config.rollout;
    window.sinkFrames = settings.sinkFrames;
    window.windowFrames = settings.windowFrames;
    session_.askPlan(settings.width, settings.height, window);
}

void SetupController::showPlan(const MemoryPlan& plan) {
    const auto bytes = [](size_t n) { return static_cast<int64_t>(n); };
    MemoryPlanValues values;
    values.parts = {{tr("weights").toStdString(), bytes(plan.weights)},
                    {tr("text").toStdString(), bytes(plan.textEncoder)},
                    {tr("video").toStdString(), bytes(plan.videoDecoder + plan.videoStream)},
                    {tr("cache").toStdString(), bytes(plan.cache)},
                    {tr("work").toStdString(), bytes(plan.working)}};
    // The loaded model's and the running take's memory is given back or used again.
    values.availableBytes = bytes(plan.available + plan.weights + plan.textEncoder + plan.videoDecoder) +
                            (takes_.hasTake() ? bytes(takes_.started().plan.forTake()) : 0);
    if (!values.fits()) values.advice = tr("Choose a smaller size or a smaller window.").toStdString();
    w_.session->setPlan(values);
}

void SetupController::openModel() {
    const QString folder = QFileDialog::getExistingDirectory(w_.session->window(), tr("Open a model folder"));
    if (!folder.isEmpty()) openModelFolder(folder);
}

bool SetupController::openModelFolder(const QString& folder) {
    const std::string id = folder.toStdString();
    if (!configOf(id) && !addModel(id)) return false;
    const ModelConfig& config = *configOf(id);
    w_.session->setChoices(choices_);
    SessionSettings settings = w_.session->settings();
    settings.modelId = id;
    settings.width = config.width;
    settings.height = config.height;
    settings.steps = static_cast<int>(config.sampler.steps.size());
    settings.sinkFrames = config.rollout.sinkFrames;
    settings.windowFrames = config.rollout.windowFrames;
    projectOptions_.reset();
    show(settings);
    startWith(settings);
    return true;
}

QString SetupController::askForPicture() const {
    return QFileDialog::getOpenFileName(w_.session->window(), tr("Choose a picture to begin with"), {},
                                        tr("Pictures (*.png *.jpg *.jpeg *.webp *.bmp);;All files (*)"));
}

void SetupController::chooseStartImage() {
    if (const QString path = askForPicture(); !path.isEmpty()) setStartImage(path);
}

void SetupController::beginWithPicture() {
    if (const QString path = askForPicture(); !path.isEmpty()) startWithImage(path);
}

void SetupController::setStartImage(const QString& path) {
    // Projects are opened from other folders.
    const QString whole = path.isEmpty() ? path : QFileInfo(path).absoluteFilePath();
    kept_ = {};  // chosen anew: the file counts, not what a project kept of it
    if (whole.toStdString() == w_.session->settings().startImage) return;
    timeline_.undoStack()->push(new StartImageCommand(*w_.session, whole));
}

void SetupController::startWithImage(const QString& path) {
    // First the prompt: a timeline that begins forgets the undo steps before it.
    if (const ModelConfig* config = configOf(w_.session->settings().modelId); config && !givePrompt(*config)) return;
    setStartImage(path);
    startTake();
}

bool SetupController::adopt(const Project& project) {
    std::string folder = project.model.path;
    if (folder.empty() && !models_.empty()) folder = models_.front().folder;  // a project of no model in particular
    if (!configOf(folder)) {
        const std::string name = std::filesystem::path(folder).filename().string();
        const auto byName = std::find_if(models_.begin(), models_.end(), [&](const KnownModel& model) {
            return std::filesystem::path(model.folder).filename().string() == name || model.config.name == project.model.name;
        });
        if (byName != models_.end()) folder = byName->folder;
        else if (!addModel(folder)) return false;
        else w_.session->setChoices(choices_);
    }
    const ModelConfig& config = *configOf(folder);
    SessionSettings settings = w_.session->settings();
    settings.modelId = folder;
    settings.width = project.width > 0 ? project.width : config.width;
    settings.height = project.height > 0 ? project.height : config.height;
    settings.seed = project.seed;
    settings.newSeedEachTake = false;
    settings.steps = static_cast<int>(project.sampler.steps.size());
    settings.sinkFrames = project.rollout.sinkFrames;
    settings.windowFrames = project.rollout.windowFrames;
    settings.threads = project.threads;
    settings.precision = project.precision == Precision::Fp32 ? "fp32" : "bf16";
    settings.startImage = project.startImage;
    show(settings);
    kept_ = {project.startImage, project.startPicture};
    wantedFingerprint_ = project.model.fingerprint;
    if (loaded_ && loaded_->choice.folder == folder && !fingerprint_.empty() && !wantedFingerprint_.empty() &&
        wantedFingerprint_ != fingerprint_)
        emit told(tr("The model is not the one the project was made with; its pictures can differ."));
    projectOptions_ = TakeOptions::of(config);
    projectOptions_->sampler = project.sampler;
    projectOptions_->window = project.rollout;
    return true;
}

void SetupController::describe(Project& project) const {
    if (loaded_) {
        project.model.name = loaded_->config.name;
        project.model.path = loaded_->choice.folder;
        project.model.fingerprint = fingerprint_;
        project.fps = loaded_->config.fps;
        project.precision = loaded_->precision;
        project.threads = loaded_->choice.threads;
    }
    if (!takes_.hasTake()) return;
    const TakeOptions& options = takes_.started().options;
    project.seed = options.seed;
    project.width = static_cast<int>(options.width);
    project.height = static_cast<int>(options.height);
    project.sampler = options.sampler;
    project.rollout = options.window;
    project.startImage = options.start.path;
    project.startPicture = startPng(options.start.picture);
}

const std::string& SetupController::startPng(const std::shared_ptr<const Frame8>& picture) const {
    if (picture == encodedPicture_) return encodedPng_;
    encodedPicture_ = picture;
    encodedPng_.clear();
    if (!picture) return encodedPng_;
    if (Result<std::string> png = encodePng(viewOf(*picture))) encodedPng_ = std::move(*png);
    return encodedPng_;
}

}  // namespace longtake
