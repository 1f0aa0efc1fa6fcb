// One line above the canvas that says what went wrong or asks a question, until it is closed.
//
// Owner:  MainWindow.
// Thread: GUI thread.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace longtake {

class NoticeBar final : public QWidget {
    Q_OBJECT

public:
    explicit NoticeBar(QWidget* parent = nullptr);

    // detail: shown when it is asked for; empty: there is none.
    void showError(const QString& message, const QString& detail = {});
    void showHint(const QString& message);
    struct Answer {
        QString text;
        std::function<void()> action;
    };
    // Until it is answered or closed: a hint does not push it away, and what an error covers comes back after it.
    void ask(const QString& message, const std::vector<Answer>& answers);
    QString text() const;
    QString detail() const;

private:
    void show(const QString& message, const char* role);
    void clearAnswers();
    void showQuestion();
    void close();

    QHBoxLayout* row_ = nullptr;
    QLabel* text_ = nullptr;
    QLabel* detail_ = nullptr;
    QPushButton* more_ = nullptr;
    struct Question {
        QString message;
        std::vector<Answer> answers;
    };
    std::optional<Question> question_;   // not answered yet
    std::vector<QPushButton*> answers_;  // of the question, while it is shown
};

}  // namespace longtake
