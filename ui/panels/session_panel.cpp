#include "ui/panels/session_panel.h"

#include <algorithm>

#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QRandomGenerator>
#include <QRegularExpressionValidator>
#include <QScrollArea>
#include <QSpinBox>
#include <QStandardItemModel>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/panels/labels.h"
#include "ui/panels/memory_bar.h"
#include "ui/panels/panel_header.h"
#include "ui/theme/formats.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace longtake {
namespace {

QString text(const std::string& words) { return QString::fromStdString(words); }

QString sizeText(FrameSize size) { return QStringLiteral("%1 × %2").arg(size.width).arg(size.height); }

QString precisionText(const std::string& precision) {
    if (precision == "fp32") return SessionPanel::tr("fp32 exact");
    if (precision == "bf16") return SessionPanel::tr("bf16 fast");
    return text(precision);
}

// Selects the item with this data, adding it where it is missing, so that a project's settings are never hidden.
void choose(QComboBox& box, const QVariant& data, const QString& name) {
    int index = box.findData(data);
    if (index < 0) {
        box.addItem(name, data);
        index = box.count() - 1;
    }
    box.setCurrentIndex(index);
}

QSpinBox* spin(int low, int high, const QString& prefix, const QString& suffix) {
    auto* box = new QSpinBox;
    box->setRange(low, high);
    box->setPrefix(prefix);
    box->setSuffix(suffix);
    box->setAlignment(Qt::AlignLeft);
    return box;
}

}  // namespace

SessionPanel::SessionPanel(QWidget* parent) : QWidget(parent) {
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    build();
    for (QComboBox* box : {model_, size_, device_, precision_}) connect(box, &QComboBox::currentIndexChanged, this, &SessionPanel::edited);
    for (QSpinBox* box : {steps_, sink_, window_, threads_}) connect(box, &QSpinBox::valueChanged, this, &SessionPanel::edited);
    connect(seed_, &QLineEdit::textChanged, this, &SessionPanel::edited);
    connect(lock_, &QToolButton::toggled, this, &SessionPanel::edited);
    connect(dice_, &QToolButton::clicked, this,
            [this] { seed_->setText(QString::number(QRandomGenerator::global()->bounded(1'000'000))); });
    connect(start_, &QPushButton::clicked, this, [this] { emit startRequested(settings()); });
    showState();
}

void SessionPanel::build() {
    header_ = new PanelHeader(tr("Session"));
    connect(header_->menu()->addAction(tr("Open a model &folder…")), &QAction::triggered, this, &SessionPanel::openModelRequested);
    model_ = new QComboBox;
    knows_ = new ElidedLabel(nullptr, Tone::Dim);
    size_ = new QComboBox;
    size_->setEditable(true);
    size_->setInsertPolicy(QComboBox::NoInsert);
    size_->setCompleter(nullptr);
    size_->setToolTip(tr("Width and height of the picture in pixels; choose one or type your own"));
    connect(size_->lineEdit(), &QLineEdit::editingFinished, this, &SessionPanel::readSize);
    startImage_ = new QLineEdit;
    startImage_->setReadOnly(true);
    startImage_->setPlaceholderText(tr("none; drop a picture here"));
    auto* chooseImage = new QToolButton;
    chooseImage->setIcon(icon("folder"));
    chooseImage->setToolTip(tr("Choose a picture that the take begins with"));
    chooseImage->setAccessibleName(tr("Choose a picture that the take begins with"));
    noStartImage_ = new QToolButton;
    noStartImage_->setText(QStringLiteral("✕"));
    noStartImage_->setToolTip(tr("Begin without a picture"));
    noStartImage_->setAccessibleName(tr("Begin without a picture"));
    connect(chooseImage, &QToolButton::clicked, this, &SessionPanel::startImageWanted);
    connect(noStartImage_, &QToolButton::clicked, this, [this] { emit startImageChosen({}); });
    seed_ = new QLineEdit;
    seed_->setValidator(new QRegularExpressionValidator(QRegularExpression("[0-9]{1,19}"), seed_));
    seed_->setToolTip(tr("The same seed, prompts and settings make the same take again"));
    lock_ = new QToolButton;
    lock_->setCheckable(true);
    lock_->setAccessibleName(tr("Keep this seed"));
    dice_ = new QToolButton;
    dice_->setIcon(icon("dice"));
    dice_->setToolTip(tr("Another seed"));
    dice_->setAccessibleName(tr("Another seed"));
    for (QToolButton* button : {lock_, dice_, chooseImage, noStartImage_}) button->setFixedSize(26, 26);
    steps_ = spin(1, 4, {}, tr(" steps"));
    steps_->setToolTip(tr("Denoise passes a chunk: fewer are faster and rougher"));
    sink_ = spin(0, 12, tr("sink "), {});
    sink_->setToolTip(tr("First frames of the take that are always kept in view of the model"));
    window_ = spin(3, 21, tr("window "), {});
    window_->setToolTip(tr("Latent frames held in all: sink, past frames and the chunk being made"));
    device_ = new QComboBox;
    threads_ = spin(0, 256, {}, tr(" threads"));
    threads_->setSpecialValueText(tr("all cores"));
    precision_ = new QComboBox;
    memory_ = new MemoryBar;
    memory_->setAccessibleName(tr("Memory plan"));
    memoryText_ = new ElidedLabel(nullptr, Tone::Dim, Qt::AlignRight);
    note_ = new QLabel;
    note_->setWordWrap(true);
    start_ = new QPushButton(tr("&New take"));
    start_->setProperty("compact", true);
    start_->setFixedHeight(24);
    header_->addAtEnd(start_);

    form_ = new QFormLayout;
    form_->setContentsMargins(0, 0, 0, 0);
    form_->setHorizontalSpacing(kGap);
    form_->setVerticalSpacing(3);
    form_->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form_->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    addRow(tr("Mode&l"), {model_});
    form_->addRow(QString(), knows_);
    addRow(tr("Si&ze"), {size_});
    addRow(tr("St&art"), {startImage_, chooseImage, noStartImage_});
    addRow(tr("See&d"), {seed_, lock_, dice_});
    addRow(tr("Chun&ks"), {steps_, sink_, window_});
    addRow(tr("Devi&ce"), {device_, threads_, precision_});
    addRow(tr("Memory plan"), {memory_, memoryText_});

    auto* content = new QWidget;
    auto* inside = new QVBoxLayout(content);
    inside->setContentsMargins(0, 0, 0, 0);
    inside->addLayout(form_);
    inside->addStretch(1);
    auto* scroll = new QScrollArea;
    scroll->setWidget(content);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setFocusPolicy(Qt::NoFocus);  // it follows the field that has the focus
    scroll->viewport()->setAutoFillBackground(false);
    content->setAutoFillBackground(false);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kPadding, kGap, kPadding, kPadding);
    column->setSpacing(4);
    column->addWidget(header_);
    column->addWidget(scroll, 1);
    column->addWidget(note_);
}

void SessionPanel::addRow(const QString& name, std::initializer_list<QWidget*> fields) {
    auto* holder = new QWidget;
    auto* row = new QHBoxLayout(holder);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    for (QWidget* field : fields) {
        row->addWidget(field, qobject_cast<QToolButton*>(field) ? 0 : 1);
        field->setMinimumWidth(qobject_cast<QToolButton*>(field) ? 26 : 60);
        if (field->accessibleName().isEmpty()) field->setAccessibleName(QString(name).remove('&'));
    }
    auto* label = new QLabel(name);
    label->setProperty("role", "dim");
    label->setBuddy(*fields.begin());
    label->setMinimumHeight(kRowHeight - 2);
    form_->addRow(label, holder);
}

const ModelChoice* SessionPanel::chosenModel() const {
    const std::string id = model_->currentData().toString().toStdString();
    const auto found = std::find_if(choices_.models.begin(), choices_.models.end(), [&](const ModelChoice& m) { return m.id == id; });
    return found == choices_.models.end() ? nullptr : &*found;
}

const DeviceChoice* SessionPanel::chosenDevice() const {
    const std::string id = device_->currentData().toString().toStdString();
    const auto found = std::find_if(choices_.devices.begin(), choices_.devices.end(), [&](const DeviceChoice& d) { return d.id == id; });
    return found == choices_.devices.end() ? nullptr : &*found;
}

void SessionPanel::setChoices(const SessionChoices& choices) {
    const SessionSettings before = settings();
    const bool first = choices_.models.empty() && before.modelId.empty();
    choices_ = choices;
    showing_ = true;
    model_->clear();
    for (const ModelChoice& model : choices.models) {
        model_->addItem(text(model.name), text(model.id));
        model_->setItemData(model_->count() - 1, text(model.description), Qt::ToolTipRole);
    }
    device_->clear();
    for (const DeviceChoice& device : choices.devices) {
        device_->addItem(text(device.name), text(device.id));
        if (device.problem.empty()) continue;
        QStandardItem* item = qobject_cast<QStandardItemModel*>(device_->model())->item(device_->count() - 1);
        item->setEnabled(false);
        item->setToolTip(text(device.problem));
    }
    threads_->setMaximum(std::max(1, choices.cores * 2));
    showing_ = false;
    if (!first) return setSettings(before);
    SessionSettings usual;
    if (!choices.models.empty()) {
        const ModelChoice& model = choices.models.front();
        usual.modelId = model.id;
        usual.steps = model.maxSteps;
        if (!model.sizes.empty()) usual.width = model.sizes.front().width, usual.height = model.sizes.front().height;
    }
    if (!choices.devices.empty()) {
        usual.deviceId = choices.devices.front().id;
        if (!choices.devices.front().precisions.empty()) usual.precision = choices.devices.front().precisions.front();
    }
    setSettings(usual);
}

void SessionPanel::setSettings(const SessionSettings& s) {
    showing_ = true;
    choose(*model_, text(s.modelId), text(s.modelId));
    followModel();
    choose(*size_, QSize(s.width, s.height), sizeText({s.width, s.height}));
    showStartImage(text(s.startImage));
    seed_->setText(QString::number(s.seed));
    lock_->setChecked(!s.newSeedEachTake);
    steps_->setMaximum(std::max(steps_->maximum(), s.steps));
    steps_->setValue(s.steps);
    sink_->setValue(s.sinkFrames);
    window_->setMaximum(std::max(window_->maximum(), s.windowFrames));
    window_->setValue(s.windowFrames);
    choose(*device_, text(s.deviceId), text(s.deviceId));
    followDevice();
    threads_->setValue(s.threads);
    choose(*precision_, text(s.precision), precisionText(s.precision));
    showing_ = false;
    running_ = settings();
    showState();
}

SessionSettings SessionPanel::settings() const {
    SessionSettings s;
    s.modelId = model_->currentData().toString().toStdString();
    const QSize size = size_->currentData().toSize();
    s.width = size.isValid() ? size.width() : 0;
    s.height = size.isValid() ? size.height() : 0;
    s.seed = seed_->text().toULongLong();
    s.newSeedEachTake = !lock_->isChecked();
    s.steps = steps_->value();
    s.sinkFrames = sink_->value();
    s.windowFrames = window_->value();
    s.deviceId = device_->currentData().toString().toStdString();
    s.threads = threads_->value();
    s.precision = precision_->currentData().toString().toStdString();
    s.startImage = startImagePath_.toStdString();
    return s;
}

void SessionPanel::showStartImage(const QString& path) {
    startImagePath_ = path;
    startImage_->setText(path.section(QLatin1Char('/'), -1));
    startImage_->setCursorPosition(0);
    startImage_->setToolTip(path.isEmpty() ? tr("A picture that becomes the first moment of the take") : path);
    noStartImage_->setVisible(!path.isEmpty());
}

void SessionPanel::setStartImage(const QString& path) {
    showStartImage(path);
    edited();
}

// What was typed into the size box: "320x200", in the model's steps. Anything else is put back.
void SessionPanel::readSize() {
    static const QRegularExpression form(QStringLiteral("^\\s*(\\d{1,4})\\s*[x×*, ]\\s*(\\d{1,4})\\s*$"),
                                         QRegularExpression::CaseInsensitiveOption);
    const QRegularExpressionMatch typed = form.match(size_->currentText());
    const ModelChoice* model = chosenModel();
    if (typed.hasMatch()) {
        const FrameSize step = model ? model->sizeStep : FrameSize{16, 16};
        const auto rounded = [](const QString& digits, int one) { return std::max(1, (digits.toInt() + one / 2) / one) * one; };
        const FrameSize size{rounded(typed.captured(1), step.width), rounded(typed.captured(2), step.height)};
        choose(*size_, QSize(size.width, size.height), sizeText(size));
    }
    size_->setEditText(size_->itemText(size_->currentIndex()));
}

void SessionPanel::followModel() {
    const ModelChoice* model = chosenModel();
    const QVariant before = size_->currentData();
    const bool wasShowing = std::exchange(showing_, true);
    size_->clear();
    QString knows;
    if (model) {
        for (const FrameSize size : model->sizes) size_->addItem(sizeText(size), QSize(size.width, size.height));
        steps_->setMaximum(model->maxSteps);
        window_->setRange(sink_->value() + model->chunkFrames, model->maxWindowFrames);
        QStringList words;
        for (const std::string& word : model->knows) words += text(word);
        knows = words.isEmpty() ? text(model->description) : tr("knows %1").arg(words.join(QStringLiteral(", ")));
        model_->setToolTip(text(model->description));
    }
    knows_->setText(knows);
    if (const int kept = size_->findData(before); kept >= 0) size_->setCurrentIndex(kept);
    showing_ = wasShowing;
}

void SessionPanel::followDevice() {
    const DeviceChoice* device = chosenDevice();
    const QVariant before = precision_->currentData();
    const bool wasShowing = std::exchange(showing_, true);
    precision_->clear();
    if (device)
        for (const std::string& precision : device->precisions) precision_->addItem(precisionText(precision), text(precision));
    if (const int kept = precision_->findData(before); kept >= 0) precision_->setCurrentIndex(kept);
    threads_->setVisible(!device || device->usesThreads);
    showing_ = wasShowing;
}

void SessionPanel::edited() {
    if (showing_) return;
    if (sender() == model_) followModel();
    if (sender() == device_) followDevice();
    if (const ModelChoice* model = chosenModel()) {
        const bool wasShowing = std::exchange(showing_, true);
        window_->setMinimum(sink_->value() + model->chunkFrames);
        showing_ = wasShowing;
    }
    showState();
    emit settingsEdited(settings());
}

void SessionPanel::setPlan(const MemoryPlanValues& plan) {
    plan_ = plan;
    memory_->setPlan(plan);
    showState();
}

void SessionPanel::setTakeState(TakeState state) {
    state_ = state;
    if (state == TakeState::Running) running_ = settings();
    showState();
}

QString SessionPanel::planText() const { return memoryText_->text(); }

QString SessionPanel::misfit() const {
    if (plan_.fits()) return {};
    const QString needs = tr("This needs %1, there are %2.").arg(bytesText(plan_.neededBytes()), bytesText(plan_.availableBytes));
    return needs + QLatin1Char(' ') + (plan_.advice.empty() ? tr("Choose a smaller size or window.") : text(plan_.advice));
}

bool SessionPanel::canStart() const { return !settings().modelId.empty() && plan_.fits() && !seed_->text().isEmpty(); }

void SessionPanel::showState() {
    lock_->setIcon(icon(lock_->isChecked() ? "lock" : "unlock"));
    lock_->setToolTip(lock_->isChecked() ? tr("Every take uses this seed; click for a new one each time")
                                         : tr("Every take gets a new seed; click to keep this one"));
    if (plan_.parts.empty()) memoryText_->setText(tr("not known yet"), Tone::Dim);
    else if (plan_.availableBytes == 0) memoryText_->setText(tr("takes %1").arg(bytesText(plan_.neededBytes())), Tone::Dim);
    else
        memoryText_->setText(plan_.fits()
                                 ? tr("%1 of %2").arg(bytesText(plan_.neededBytes()), bytesText(plan_.availableBytes))
                                 : tr("needs %1, there are %2").arg(bytesText(plan_.neededBytes()), bytesText(plan_.availableBytes)),
                             plan_.fits() ? Tone::Dim : Tone::Alarm);

    QString note;
    const char* role = "dim";
    if (!plan_.fits()) {
        note = misfit();
        role = "alarm";
    } else if (choices_.models.empty()) {
        note = tr("No model was found. Open a model folder from the menu above.");
        role = "caution";
    } else if (state_ == TakeState::Running && settings() != running_) {
        note = tr("The take that runs keeps its settings; these are for the next one.");
    }
    note_->setText(note);
    note_->setProperty("role", role);
    note_->style()->unpolish(note_);
    note_->style()->polish(note_);
    note_->setVisible(!note.isEmpty());
    start_->setEnabled(canStart());
    start_->setProperty("primary", state_ == TakeState::None);
    start_->style()->unpolish(start_);
    start_->style()->polish(start_);
    start_->setToolTip(canStart() ? tr("Begin again at 0:00 with these settings") : note);
}

}  // namespace longtake
