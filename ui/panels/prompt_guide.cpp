#include "ui/panels/prompt_guide.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <QCoreApplication>
#include <QLocale>

#include "engine/rollout/prompt_timeline.h"

namespace longtake {
namespace {

int editDistance(const QString& a, const QString& b) {
    std::vector<int> row(static_cast<size_t>(b.size()) + 1);
    std::iota(row.begin(), row.end(), 0);
    for (int i = 1; i <= a.size(); ++i) {
        int diagonal = row[0]++;
        for (int j = 1; j <= b.size(); ++j) {
            int& here = row[static_cast<size_t>(j)];
            const int change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = here;
            here = std::min({here + 1, row[static_cast<size_t>(j) - 1] + 1, change});
        }
    }
    return row.back();
}

}  // namespace

QStringList wordsOf(const QString& prompt) {
    QStringList words;
    QString word;
    for (const QChar c : prompt.toLower() + ' ') {
        const bool inside = c.isLetter() || c.isMark() || (!word.isEmpty() && (c == '\'' || c == QChar(0x2019)));
        if (inside) {
            word += c;
        } else if (!word.isEmpty()) {
            words += word;
            word.clear();
        }
    }
    return words;
}

QStringList PromptGuide::unknownWords(const QString& prompt) const {
    QStringList unknown;
    if (vocabulary.isEmpty()) return unknown;
    for (const QString& word : wordsOf(prompt))
        if (!vocabulary.contains(word) && !unknown.contains(word)) unknown += word;
    return unknown;
}

std::optional<QString> PromptGuide::nearest(const QString& word) const {
    if (word.size() < 4 || word.size() > 40) return std::nullopt;
    const int most = word.size() < 7 ? 1 : 2;
    std::optional<QString> best;
    int bestDistance = most + 1;
    for (const QString& known : vocabulary) {
        if (std::abs(known.size() - word.size()) > most) continue;
        const int distance = editDistance(word, known);
        if (distance < bestDistance || (distance == bestDistance && best && known < *best)) {
            best = known;
            bestDistance = distance;
        }
    }
    return best;
}

std::optional<QString> refusalOf(const QString& prompt) {
    const QByteArray bytes = prompt.trimmed().toUtf8();
    if (bytes.isEmpty()) return QCoreApplication::translate("longtake::PromptGuide", "Write what should be seen.");
    if (static_cast<size_t>(bytes.size()) > PromptTimeline::kMaxPromptBytes)
        return QCoreApplication::translate("longtake::PromptGuide", "This prompt is too long: %1 characters. Shorten it to %2.")
            .arg(QLocale().toString(prompt.trimmed().size()), QLocale().toString(static_cast<int>(PromptTimeline::kMaxPromptBytes)));
    return std::nullopt;
}

}  // namespace longtake
