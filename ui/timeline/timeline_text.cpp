#include "ui/timeline/timeline_text.h"

#include <optional>

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>

#include "ui/panels/prompt_guide.h"
#include "ui/plots/value_export.h"

namespace longtake {
namespace {

QString timeText(double seconds) {
    const auto minutes = static_cast<int64_t>(seconds / 60);
    QString rest = QString::number(seconds - 60 * static_cast<double>(minutes), 'f', 3);
    while (rest.endsWith('0')) rest.chop(1);
    if (rest.endsWith('.')) rest.chop(1);
    const bool oneDigit = rest.size() == 1 || rest[1] == '.';
    return QString::number(minutes) + ':' + (oneDigit ? "0" : "") + rest;
}

// "1:02:03.5", "2:03", "12.5"; nothing when it is no time.
std::optional<double> parseTime(const QString& text) {
    const QStringList parts = text.split(':');
    if (parts.size() > 3) return std::nullopt;
    double seconds = 0;
    for (const QString& part : parts) {
        bool good = false;
        const double value = part.toDouble(&good);
        if (!good || value < 0 || value > 1e8) return std::nullopt;
        seconds = seconds * 60 + value;
    }
    return seconds;
}

std::string transitionText(const PromptSegment& segment) {
    if (segment.transition == Transition::Blend) return "blend " + std::to_string(segment.blendChunks);
    return segment.transition == Transition::Keep ? "keep" : "re-cache";
}

struct PromptFile {
    Q_DECLARE_TR_FUNCTIONS(longtake::PromptFile)
};

Error error(const QString& words) { return Error{words.toStdString()}; }

Error atLine(int line, const QString& why) { return error(PromptFile::tr("line %1: %2").arg(line).arg(why)); }
Error atPrompt(int number, const QString& why) { return error(PromptFile::tr("prompt %1: %2").arg(number).arg(why)); }
QString noNumber() { return PromptFile::tr("neither ‘chunk’ nor ‘seconds’ is a number"); }

// "keep", "re-cache", "blend 4".
Result<void> readTransition(const QString& words, PromptSegment& segment) {
    const QStringList parts = words.simplified().toLower().split(' ');
    auto named = transitionNamed(QString(parts[0]).remove('-').toStdString());
    if (!named) return error(PromptFile::tr("there is no transition called ‘%1’; use keep, re-cache or blend").arg(parts[0].left(40)));
    segment.transition = *named;
    segment.blendChunks = *named == Transition::Blend ? (parts.size() > 1 ? parts[1].toInt() : 4) : 0;
    return {};
}

// What is wrong with the prompts, where a timeline cannot be made of them.
Error refusal(const std::vector<PromptSegment>& segments) {
    if (segments.empty()) return error(PromptFile::tr("there is no prompt in it"));
    if (segments.size() > PromptTimeline::kMaxSegments)
        return error(PromptFile::tr("there are more than %1 prompts in it").arg(PromptTimeline::kMaxSegments));
    for (size_t i = 0; i < segments.size(); ++i) {
        const int number = static_cast<int>(i) + 1;
        const PromptSegment& one = segments[i];
        if (const auto text = refusalOf(QString::fromStdString(one.text))) return atPrompt(number, *text);
        if (one.transition == Transition::Blend && (one.blendChunks < 1 || one.blendChunks > PromptTimeline::kMaxBlendChunks))
            return atPrompt(number, PromptFile::tr("a blend lasts 1 to %1 chunks").arg(PromptTimeline::kMaxBlendChunks));
        if (i > 0 && one.firstChunk <= segments[i - 1].firstChunk)
            return atPrompt(number, PromptFile::tr("it does not start after the one before; sort them by time"));
    }
    return error(PromptFile::tr("these prompts cannot follow each other"));
}

// Sorted already or not at all: an import that silently reorders would hide a mistake.
Result<PromptTimeline> assembled(std::vector<PromptSegment> segments) {
    if (!segments.empty()) {
        const int64_t shift = segments.front().firstChunk;
        for (PromptSegment& segment : segments) segment.firstChunk -= shift;
    }
    if (auto timeline = PromptTimeline::create(segments)) return timeline;
    return refusal(segments);
}

Result<PromptTimeline> readText(const QString& text, const ChunkClock& clock) {
    static const QRegularExpression kLine(R"(^\s*(?:(\d[\d:.]*)\s+)?(?:\[([^\]]*)\]\s*)?(.*)$)");
    std::vector<PromptSegment> segments;
    int number = 0;
    for (const QString& line : text.split('\n')) {
        ++number;
        if (line.trimmed().isEmpty() || line.trimmed().startsWith('#')) continue;
        const auto match = kLine.match(line.trimmed());
        PromptSegment segment{.text = match.captured(3).trimmed().toStdString()};
        const std::optional<double> seconds = match.captured(1).isEmpty() ? std::nullopt : parseTime(match.captured(1));
        if (seconds) segment.firstChunk = clock.chunkNear(*seconds);
        else if (!segments.empty())
            return atLine(number, PromptFile::tr("a time is missing before the prompt; write for instance 0:12 and the prompt"));
        else segment.text = line.trimmed().toStdString();
        if (seconds && !match.captured(2).isEmpty())
            if (const auto read = readTransition(match.captured(2), segment); !read)
                return atLine(number, QString::fromStdString(read.message()));
        segments.push_back(std::move(segment));
    }
    return assembled(std::move(segments));
}

// Records of RFC 4180: quoted fields may hold commas, quotes and line breaks.
Result<QList<QStringList>> csvRecords(const QString& text) {
    QList<QStringList> records;
    QStringList record;
    QString field;
    bool quoted = false;
    const auto endRecord = [&] {
        record += field;
        field.clear();
        if (record.size() > 1 || !record[0].trimmed().isEmpty()) records += record;
        record.clear();
    };
    for (int i = 0; i < text.size(); ++i) {
        const QChar c = text[i];
        if (quoted) {
            if (c != '"') field += c;
            else if (i + 1 < text.size() && text[i + 1] == '"') field += text[++i];
            else quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',') {
            record += field;
            field.clear();
        } else if (c == '\n') {
            endRecord();
        } else if (c != '\r') {
            field += c;
        }
    }
    if (quoted) return error(PromptFile::tr("the file ends inside quotes; close them"));
    if (!field.isEmpty() || !record.isEmpty()) endRecord();
    return records;
}

Result<PromptTimeline> readCsv(const QString& text, const ChunkClock& clock) {
    auto records = csvRecords(text);
    if (!records) return records.error();
    if (records->isEmpty()) return error(PromptFile::tr("there is no prompt in it"));
    const QStringList names = records->takeFirst();
    const auto column = [&](const char* name) { return names.indexOf(QLatin1String(name)); };
    const auto prompt = column("prompt");
    if (prompt < 0)
        return error(PromptFile::tr("the first line names no column ‘prompt’; it should read %1")
                         .arg(QStringLiteral("chunk,seconds,transition,blend_chunks,prompt")));
    std::vector<PromptSegment> segments;
    int number = 1;
    for (const QStringList& record : *records) {
        ++number;
        const auto value = [&](const char* name) {
            const auto i = column(name);
            return i >= 0 && i < record.size() ? record[i].trimmed() : QString();
        };
        PromptSegment segment{.text = prompt < record.size() ? record[prompt].trimmed().toStdString() : std::string()};
        bool good = true;
        if (!value("chunk").isEmpty()) segment.firstChunk = value("chunk").toLongLong(&good);
        else if (const auto seconds = parseTime(value("seconds"))) segment.firstChunk = clock.chunkNear(*seconds);
        else good = false;
        if (!good) return atLine(number, noNumber());
        if (!value("transition").isEmpty()) {
            const QString count = value("blend_chunks");
            if (const auto read = readTransition(value("transition") + ' ' + (count.isEmpty() ? "4" : count), segment); !read)
                return atLine(number, QString::fromStdString(read.message()));
        }
        segments.push_back(std::move(segment));
    }
    return assembled(std::move(segments));
}

Result<PromptTimeline> readJson(const QByteArray& bytes, const ChunkClock& clock) {
    const QJsonDocument document = QJsonDocument::fromJson(bytes);
    if (document.isNull()) return error(PromptFile::tr("this is no JSON"));
    const QJsonObject root = document.object();
    if (root["format"].toString() != "longtake-prompts")
        return error(PromptFile::tr("this JSON holds no prompts: its ‘format’ is not ‘%1’").arg(QStringLiteral("longtake-prompts")));
    if (root["version"].toInt() != 1)
        return error(PromptFile::tr("these prompts have a version that this program does not know; update it"));
    std::vector<PromptSegment> segments;
    int number = 0;
    for (const QJsonValue& value : root["prompts"].toArray()) {
        ++number;
        const QJsonObject entry = value.toObject();
        PromptSegment segment{.text = entry["prompt"].toString().trimmed().toStdString()};
        if (entry["chunk"].isDouble()) segment.firstChunk = entry["chunk"].toInteger(-1);
        else if (entry["seconds"].isDouble()) segment.firstChunk = clock.chunkNear(entry["seconds"].toDouble());
        else return atPrompt(number, noNumber());
        if (entry.contains("transition")) {
            const QString words = entry["transition"].toString() + ' ' + QString::number(entry["blend_chunks"].toInt(4));
            if (const auto read = readTransition(words, segment); !read) return atPrompt(number, QString::fromStdString(read.message()));
        }
        segments.push_back(std::move(segment));
    }
    return assembled(std::move(segments));
}

}  // namespace

PromptFormat promptFormatOf(const QString& path) {
    if (path.endsWith(".csv", Qt::CaseInsensitive)) return PromptFormat::Csv;
    if (path.endsWith(".json", Qt::CaseInsensitive)) return PromptFormat::Json;
    return PromptFormat::Text;
}

QByteArray writePrompts(const PromptTimeline& timeline, const ChunkClock& clock, PromptFormat format) {
    if (format == PromptFormat::Csv) {
        ValueTable table{{"chunk", "seconds", "transition", "blend_chunks", "prompt"}, {}};
        for (const PromptSegment& s : timeline.segments())
            table.rows += QStringList{QString::number(s.firstChunk), plainNumber(clock.startSecondsOf(s.firstChunk)),
                                      QString::fromStdString(std::string(nameOf(s.transition))), QString::number(s.blendChunks),
                                      QString::fromStdString(s.text)};
        return table.csv();
    }
    if (format == PromptFormat::Json) {
        QJsonArray prompts;
        for (const PromptSegment& s : timeline.segments()) {
            QJsonObject entry{{"chunk", static_cast<qint64>(s.firstChunk)},
                              {"seconds", clock.startSecondsOf(s.firstChunk)},
                              {"transition", QString::fromStdString(std::string(nameOf(s.transition)))},
                              {"prompt", QString::fromStdString(s.text)}};
            if (s.transition == Transition::Blend) entry["blend_chunks"] = s.blendChunks;
            prompts.append(entry);
        }
        return QJsonDocument(QJsonObject{{"format", "longtake-prompts"}, {"version", 1}, {"prompts", prompts}}).toJson();
    }
    QString text;
    for (const PromptSegment& s : timeline.segments()) {
        text += timeText(clock.startSecondsOf(s.firstChunk)) + ' ';
        // Words that begin with a bracket need one before them that is ours.
        if (s.transition != Transition::Recache || s.text.front() == '[') text += '[' + QString::fromStdString(transitionText(s)) + "] ";
        text += QString::fromStdString(s.text).simplified() + '\n';
    }
    return text.toUtf8();
}

Result<PromptTimeline> readPrompts(const QByteArray& bytes, const ChunkClock& clock, PromptFormat format) {
    if (bytes.size() > kMaxPromptFileBytes) return error(PromptFile::tr("this is larger than 4 MB and hardly a list of prompts"));
    if (format == PromptFormat::Json) return readJson(bytes, clock);
    const QString text = QString::fromUtf8(bytes);
    return format == PromptFormat::Csv ? readCsv(text, clock) : readText(text, clock);
}

}  // namespace longtake
