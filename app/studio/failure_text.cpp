#include "app/studio/failure_text.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QStorageInfo>
#include <algorithm>

#include "app/media/picture_file.h"
#include "ui/theme/formats.h"

namespace longtake {

namespace {

// A file of a few frames is removed when it cannot be finished, so a full disk is not quite full when it is asked.
constexpr qint64 kFullBytes = 16 << 20;

class FailureText {
    Q_DECLARE_TR_FUNCTIONS(longtake::FailureText)

public:
    // Empty: it can be read, so what is in it is not what it should be.
    static QString whyNotRead(const QString& file) {
        const QFileInfo info(file);
        if (!info.exists()) return tr("there is no such file; check the name");
        if (info.isDir()) return tr("that is a folder; give a file");
        if (!info.isReadable()) return tr("this user may not read it; change its permissions");
        if (info.size() == 0) return tr("it is empty; copy or save it again");
        return {};
    }

    static QString whyNotWritten(const QString& file) {
        const QFileInfo info(file), folder(info.absolutePath());
        if (info.isDir()) return tr("that is a folder; give the name of a file");
        if (!folder.exists()) return tr("there is no such folder; create it first or choose another");
        if (!folder.isDir()) return tr("a part of its path is a file; check the name");
        if (info.fileName().toUtf8().size() > 240) return tr("the name is too long; choose a shorter one");
        if (!folder.isWritable()) return tr("this user may not write there; choose another folder");
        if (info.exists() && !info.isWritable()) return tr("this user may not change it; choose another name or change its permissions");
        const QString full = whyFull(folder.absoluteFilePath());
        return full.isEmpty() ? tr("it does not work there; choose another folder or name") : full;
    }

    static QString whyFull(const QString& folder) {
        const QStorageInfo disk(folder);
        if (disk.isReadOnly()) return tr("the disk is read-only; choose another folder");
        // Some file systems that take no files at all have no bytes to speak of.
        if (!disk.isValid() || disk.bytesTotal() <= 0 || disk.bytesAvailable() >= kFullBytes) return {};
        return tr("the disk is full (%1 are free); free some space or choose another disk").arg(bytesText(disk.bytesAvailable()));
    }

    static QString notOpened(const QString& file, const QString& otherwise) {
        const QString why = whyNotRead(file);
        return tr("‘%1’ cannot be opened: %2.").arg(file, why.isEmpty() ? otherwise : why);
    }

    static QString notWritten(const QString& file) { return tr("‘%1’ cannot be written: %2.").arg(file, whyNotWritten(file)); }

    static QString project(const QString& file) {
        const QString ending = QFileInfo(file).suffix().toLower();
        if (ending == QLatin1String("mp4") || ending == QLatin1String("mov"))
            return notOpened(file, tr("it is damaged, or no video that Longtake made"));
        return notOpened(file, tr("it is damaged, no project of Longtake, or one of a newer Longtake"));
    }

    static QString model(const QString& folder) {
        const QFileInfo info(folder);
        if (!info.exists()) return tr("There is no model in ‘%1’: the folder does not exist.").arg(folder);
        if (!QFileInfo::exists(QDir(folder).filePath(QStringLiteral("model.json"))))
            return tr("‘%1’ is no model folder: it has no model.json. Choose a folder with a model.json and its weights.").arg(folder);
        return tr("The model in ‘%1’ cannot be used: its model.json is damaged or of another kind. Copy or download it again.").arg(folder);
    }

    static QString picture(const QString& file) {
        return notOpened(file, tr("it is damaged, or no picture of a known kind (PNG, JPEG, WebP, BMP)"));
    }

    static QString exported(const QString& file, ExportFormat format) {
        const bool isVideo = format <= ExportFormat::Prores;
        const auto& videos = videoFormats();
        const bool opens = std::any_of(videos.begin(), videos.end(), [&](const NamedFormat& one) { return one.format == format; });
        if (isVideo && !opens)
            return tr("No encoder for %1 opens on this computer. Choose another format.")
                .arg(QString::fromUtf8(labelOf(codecOf(format)).data()));
        return notWritten(file);
    }

    static QString recovered(const QString& file) {
        const QString why = whyNotRead(file);
        return tr("The recording ‘%1’ cannot be recovered: %2.")
            .arg(file, why.isEmpty() ? tr("there is no whole picture in it, or it is still being written") : why);
    }

    static QString loading(const QString& folder) {
        if (!QFileInfo::exists(QDir(folder).filePath(QStringLiteral("model.json")))) return model(folder);
        return tr("The model in ‘%1’ cannot be loaded: a file of it is missing or damaged, or the memory or the device is not enough for "
                  "it. Copy or download it again, or choose another.")
            .arg(folder);
    }

    static QString beginning(const QString& file) {
        if (!file.isEmpty() && !readPicture(file.toStdString())) return picture(file);
        if (!file.isEmpty())
            return tr("The take cannot begin with ‘%1’: this model may not take pictures, or the size does not fit it. Begin without a "
                      "picture, or choose another model or size.")
                .arg(file);
        return tr(
            "The take cannot begin: its size does not fit the model, or the memory is not enough. Choose another size or a smaller "
            "window.");
    }

    static QString session(FailedAt at, const QString& subject) {
        switch (at) {
            case FailedAt::Loading: return loading(subject);
            case FailedAt::Beginning: return beginning(subject);
            case FailedAt::NoModel: return tr("A take needs a model. Open a model folder first.");
            case FailedAt::NoTake: return tr("There is no take to begin again. Start a new one.");
            case FailedAt::Generating:
                return tr("The take has stopped: its next part could not be made. Play on, change the prompt, or start a new take.");
            case FailedAt::Memory:
                return tr("The take has ended: there is not enough memory. Choose a smaller size or window and start again.");
            case FailedAt::Inside: return tr("The take has ended by an error of the program. Start again, or load the model again.");
            case FailedAt::KeepingFrames: {
                const QString why = whyFull(QDir::tempPath());
                return tr("The take goes on, but its frames are no longer kept and cannot be exported: %1.")
                    .arg(why.isEmpty() ? tr("the temporary folder ‘%1’ does not take them").arg(QDir::tempPath()) : why);
            }
            case FailedAt::Ranking: return tr("The rank cannot be computed.");
        }
        return {};
    }
};

Failure failure(const QString& text, const std::string& line) { return {text, QString::fromStdString(line)}; }

}  // namespace

Failure notAModel(const QString& folder, const std::string& line) { return failure(FailureText::model(folder), line); }
Failure notAProject(const QString& file, const std::string& line) { return failure(FailureText::project(file), line); }
Failure notAPicture(const QString& file, const std::string& line) { return failure(FailureText::picture(file), line); }
Failure notSaved(const QString& file, const std::string& line) { return failure(FailureText::notWritten(file), line); }
Failure notExported(const QString& file, ExportFormat format, const std::string& line) {
    return failure(FailureText::exported(file, format), line);
}
Failure notRecovered(const QString& file, const std::string& line) { return failure(FailureText::recovered(file), line); }
Failure sessionFailure(FailedAt at, const QString& subject, const std::string& line) {
    return failure(FailureText::session(at, subject), line);
}

}  // namespace longtake
