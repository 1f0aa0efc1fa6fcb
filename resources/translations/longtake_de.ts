<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>Formats</name>
    <message>
        <source>%1 s</source>
        <translation>%1 s</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1 %</translation>
    </message>
</context>
<context>
    <name>Hud</name>
    <message>
        <source>generation</source>
        <translation>Erzeugung</translation>
    </message>
    <message>
        <source>%1 fps</source>
        <translation>%1 fps</translation>
    </message>
    <message>
        <source>display</source>
        <translation>Anzeige</translation>
    </message>
    <message>
        <source>chunk %1</source>
        <translation>Chunk %1</translation>
    </message>
    <message>
        <source> · step %1 / %2</source>
        <translation> · Lauf %1 / %2</translation>
    </message>
    <message>
        <source>latency</source>
        <translation>Latenz</translation>
    </message>
    <message>
        <source>%1 ms</source>
        <translation>%1 ms</translation>
    </message>
    <message>
        <source>%1 of %2 dense</source>
        <translation>%1 von %2 dicht</translation>
    </message>
    <message>
        <source>cache</source>
        <translation>Cache</translation>
    </message>
</context>
<context>
    <name>longtake::CachePanel</name>
    <message>
        <source>free</source>
        <translation>frei</translation>
    </message>
    <message>
        <source>sink</source>
        <translation>Sink</translation>
    </message>
    <message>
        <source>window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>being written</source>
        <translation>wird geschrieben</translation>
    </message>
    <message>
        <source>Cache</source>
        <translation>Cache</translation>
    </message>
    <message>
        <source>The cache fills when a take starts.</source>
        <translation>Der Cache füllt sich, sobald ein Take beginnt.</translation>
    </message>
    <message>
        <source>Cache slots: a row per layer, a column per frame</source>
        <translation>Cache-Plätze: eine Zeile je Schicht, eine Spalte je Bild</translation>
    </message>
    <message>
        <source>Arrow keys choose a slot; the line below says what it holds.</source>
        <translation>Die Pfeiltasten wählen einen Platz; die Zeile darunter sagt, was er enthält.</translation>
    </message>
    <message>
        <source>Bytes held, chunk by chunk. Ticks mark where the window was written again.</source>
        <translation>Belegte Bytes, Chunk für Chunk. Striche zeigen, wo das Fenster neu geschrieben wurde.</translation>
    </message>
    <message>
        <source>Bytes held over time</source>
        <translation>Belegte Bytes im Zeitverlauf</translation>
    </message>
    <message>
        <source>bytes</source>
        <translation>Bytes</translation>
    </message>
    <message>
        <source>Save the &amp;slots as CSV…</source>
        <translation>&amp;Plätze als CSV speichern …</translation>
    </message>
    <message>
        <source>cache-slots</source>
        <translation>cache-plaetze</translation>
    </message>
    <message>
        <source>Save the &amp;events as CSV…</source>
        <translation>&amp;Ereignisse als CSV speichern …</translation>
    </message>
    <message>
        <source>cache-events</source>
        <translation>cache-ereignisse</translation>
    </message>
    <message>
        <source>cache</source>
        <translation>cache</translation>
    </message>
    <message>
        <source>sink %1</source>
        <translation>Sink %1</translation>
    </message>
    <message>
        <source>now %1</source>
        <translation>jetzt %1</translation>
    </message>
    <message>
        <source>w −%1</source>
        <translation>F −%1</translation>
    </message>
    <message>
        <source>%1 · dense %2 · %3</source>
        <translation>%1 · dicht %2 · %3</translation>
    </message>
    <message>
        <source>layer %1 · slot %2: free</source>
        <translation>Schicht %1 · Platz %2: frei</translation>
    </message>
    <message>
        <source>layer %1 · frame %2 (%3) · %4 tokens · %5</source>
        <translation>Schicht %1 · Bild %2 (%3) · %4 Token · %5</translation>
    </message>
    <message>
        <source>nothing held yet</source>
        <translation>noch nichts belegt</translation>
    </message>
    <message>
        <source>nothing evicted yet</source>
        <translation>noch nichts verdrängt</translation>
    </message>
    <message>
        <source>evicted 1 frame</source>
        <translation>1 Bild verdrängt</translation>
    </message>
    <message>
        <source>evicted %1 frames</source>
        <translation>%1 Bilder verdrängt</translation>
    </message>
    <message>
        <source> · re-cached at %1</source>
        <translation> · neu eingelesen bei %1</translation>
    </message>
    <message>
        <source>%1  window written again</source>
        <translation>%1  Fenster neu geschrieben</translation>
    </message>
    <message>
        <source>%1  %2 frames evicted</source>
        <translation>%1  %2 Bilder verdrängt</translation>
    </message>
    <message>
        <source>Save the &amp;history as CSV…</source>
        <translation>&amp;Verlauf als CSV speichern …</translation>
    </message>
    <message>
        <source>cache-history</source>
        <translation>cache-verlauf</translation>
    </message>
</context>
<context>
    <name>longtake::CanvasWidget</name>
    <message>
        <source>Video canvas</source>
        <translation>Videofläche</translation>
    </message>
    <message>
        <source>The video as it is generated</source>
        <translation>Das Video, während es entsteht</translation>
    </message>
    <message>
        <source>as asked</source>
        <translation>wie gewünscht</translation>
    </message>
    <message>
        <source>no graphics card with Vulkan</source>
        <translation>keine Grafikkarte mit Vulkan</translation>
    </message>
    <message>
        <source>no Vulkan driver installed</source>
        <translation>kein Vulkan-Treiber installiert</translation>
    </message>
    <message>
        <source>Painted by the CPU: %1</source>
        <translation>Von der CPU gezeichnet: %1</translation>
    </message>
    <message>
        <source>Vulkan failed on this graphics card</source>
        <translation>Vulkan ist auf dieser Grafikkarte gescheitert</translation>
    </message>
</context>
<context>
    <name>longtake::CanvasWindow</name>
    <message>
        <source>Vulkan on %1</source>
        <translation>Vulkan auf %1</translation>
    </message>
    <message>
        <source> (software)</source>
        <translation> (Software)</translation>
    </message>
</context>
<context>
    <name>longtake::ExamplePrompts</name>
    <message>
        <source>Try</source>
        <translation>Beispiele</translation>
    </message>
    <message>
        <source>Hide the examples</source>
        <translation>Beispiele ausblenden</translation>
    </message>
</context>
<context>
    <name>longtake::ExportController</name>
    <message>
        <source>Untitled</source>
        <translation>Ohne Titel</translation>
    </message>
    <message>
        <source>There is nothing to export yet. Play first.</source>
        <translation>Es gibt noch nichts zu exportieren. Starte zuerst die Wiedergabe.</translation>
    </message>
    <message>
        <source>An export is under way; wait for it or cancel it.</source>
        <translation>Ein Export läuft bereits; warte ihn ab oder brich ihn ab.</translation>
    </message>
    <message>
        <source>Exporting %1</source>
        <translation>%1 wird exportiert</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>&amp;Abbrechen</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>There is nothing to record yet. Play first.</source>
        <translation>Es gibt noch nichts aufzunehmen. Starte zuerst die Wiedergabe.</translation>
    </message>
    <message>
        <source>There is no picture to save yet. Play first.</source>
        <translation>Es gibt noch kein Bild zu speichern. Starte zuerst die Wiedergabe.</translation>
    </message>
    <message>
        <source>This frame is saved as %1</source>
        <translation>Dieses Bild ist gespeichert als %1</translation>
    </message>
    <message>
        <source>Exported %1 frames to %2</source>
        <translation>%1 Bilder nach %2 exportiert</translation>
    </message>
    <message>
        <source>The export was cancelled; nothing is left of it.</source>
        <translation>Der Export wurde abgebrochen; nichts davon bleibt zurück.</translation>
    </message>
    <message>
        <source>● recording %1 (%2)</source>
        <translation>● Aufnahme %1 (%2)</translation>
    </message>
    <message>
        <source>Recorded %1 to %2</source>
        <translation>%1 nach %2 aufgenommen</translation>
    </message>
    <message>
        <source>Nothing is made between the marks yet. Mark another range or play on.</source>
        <translation>Zwischen den Marken ist noch nichts erzeugt. Markiere einen anderen Bereich oder spiele weiter.</translation>
    </message>
</context>
<context>
    <name>longtake::ExportDialog</name>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>PNG pictures in a folder</source>
        <translation>PNG-Bilder in einem Ordner</translation>
    </message>
    <message>
        <source>GIF, for sharing</source>
        <translation>GIF, zum Teilen</translation>
    </message>
    <message>
        <source>WebP, for sharing</source>
        <translation>WebP, zum Teilen</translation>
    </message>
    <message>
        <source>All that is made: %1</source>
        <translation>Alles bisher Erzeugte: %1</translation>
    </message>
    <message>
        <source>Between the marks: %1</source>
        <translation>Zwischen den Marken: %1</translation>
    </message>
    <message>
        <source>%1 fps, as made</source>
        <translation>%1 fps, wie erzeugt</translation>
    </message>
    <message>
        <source>%1 fps, faster motion</source>
        <translation>%1 fps, schnellere Bewegung</translation>
    </message>
    <message>
        <source>%1 fps, slower motion</source>
        <translation>%1 fps, langsamere Bewegung</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>&amp;Browse…</source>
        <translation>D&amp;urchsuchen …</translation>
    </message>
    <message>
        <source>&amp;Format</source>
        <translation>&amp;Format</translation>
    </message>
    <message>
        <source>&amp;Range</source>
        <translation>&amp;Bereich</translation>
    </message>
    <message>
        <source>&amp;Size</source>
        <translation>&amp;Größe</translation>
    </message>
    <message>
        <source>&amp;Quality</source>
        <translation>&amp;Qualität</translation>
    </message>
    <message>
        <source>S&amp;peed</source>
        <translation>Ge&amp;schwindigkeit</translation>
    </message>
    <message>
        <source>Fi&amp;le</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Export</source>
        <translation>&amp;Exportieren</translation>
    </message>
    <message>
        <source>Replace the file?</source>
        <translation>Datei ersetzen?</translation>
    </message>
    <message>
        <source>%1 exists. Replace it?</source>
        <translation>%1 existiert bereits. Soll die Datei ersetzt werden?</translation>
    </message>
    <message>
        <source>Folder for the pictures</source>
        <translation>Ordner für die Bilder</translation>
    </message>
    <message>
        <source>Export as</source>
        <translation>Exportieren als</translation>
    </message>
    <message>
        <source>MP4, H.264: plays everywhere</source>
        <translation>MP4, H.264: läuft überall</translation>
    </message>
    <message>
        <source>MP4, H.265: smaller</source>
        <translation>MP4, H.265: kleiner</translation>
    </message>
    <message>
        <source>MP4, AV1: smallest, slow</source>
        <translation>MP4, AV1: am kleinsten, langsam</translation>
    </message>
    <message>
        <source>MOV, ProRes: for editing</source>
        <translation>MOV, ProRes: für den Schnitt</translation>
    </message>
    <message>
        <source>Quality</source>
        <translation>Qualität</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>&amp;Abbrechen</translation>
    </message>
</context>
<context>
    <name>longtake::FailureText</name>
    <message>
        <source>there is no such file; check the name</source>
        <translation>es gibt keine solche Datei; prüfe den Namen</translation>
    </message>
    <message>
        <source>that is a folder; give a file</source>
        <translation>das ist ein Ordner; gib eine Datei an</translation>
    </message>
    <message>
        <source>this user may not read it; change its permissions</source>
        <translation>dieser Benutzer darf sie nicht lesen; ändere ihre Rechte</translation>
    </message>
    <message>
        <source>it is empty; copy or save it again</source>
        <translation>sie ist leer; kopiere oder speichere sie noch einmal</translation>
    </message>
    <message>
        <source>that is a folder; give the name of a file</source>
        <translation>das ist ein Ordner; gib den Namen einer Datei an</translation>
    </message>
    <message>
        <source>there is no such folder; create it first or choose another</source>
        <translation>es gibt keinen solchen Ordner; lege ihn erst an oder wähle einen anderen</translation>
    </message>
    <message>
        <source>a part of its path is a file; check the name</source>
        <translation>ein Teil des Pfades ist eine Datei; prüfe den Namen</translation>
    </message>
    <message>
        <source>the name is too long; choose a shorter one</source>
        <translation>der Name ist zu lang; wähle einen kürzeren</translation>
    </message>
    <message>
        <source>this user may not write there; choose another folder</source>
        <translation>dieser Benutzer darf dort nicht schreiben; wähle einen anderen Ordner</translation>
    </message>
    <message>
        <source>this user may not change it; choose another name or change its permissions</source>
        <translation>dieser Benutzer darf sie nicht ändern; wähle einen anderen Namen oder ändere ihre Rechte</translation>
    </message>
    <message>
        <source>it does not work there; choose another folder or name</source>
        <translation>dort geht es nicht; wähle einen anderen Ordner oder Namen</translation>
    </message>
    <message>
        <source>the disk is read-only; choose another folder</source>
        <translation>der Datenträger ist schreibgeschützt; wähle einen anderen Ordner</translation>
    </message>
    <message>
        <source>the disk is full (%1 are free); free some space or choose another disk</source>
        <translation>der Datenträger ist voll (%1 sind frei); schaffe Platz oder wähle einen anderen</translation>
    </message>
    <message>
        <source>‘%1’ cannot be opened: %2.</source>
        <translation>„%1“ lässt sich nicht öffnen: %2.</translation>
    </message>
    <message>
        <source>‘%1’ cannot be written: %2.</source>
        <translation>„%1“ lässt sich nicht schreiben: %2.</translation>
    </message>
    <message>
        <source>it is damaged, or no video that Longtake made</source>
        <translation>sie ist beschädigt oder kein Video von Longtake</translation>
    </message>
    <message>
        <source>it is damaged, no project of Longtake, or one of a newer Longtake</source>
        <translation>sie ist beschädigt, kein Projekt von Longtake oder das eines neueren Longtake</translation>
    </message>
    <message>
        <source>There is no model in ‘%1’: the folder does not exist.</source>
        <translation>In „%1“ ist kein Modell: den Ordner gibt es nicht.</translation>
    </message>
    <message>
        <source>‘%1’ is no model folder: it has no model.json. Choose a folder with a model.json and its weights.</source>
        <translation>„%1“ ist kein Modellordner: darin ist keine model.json. Wähle einen Ordner mit einer model.json und ihren Gewichten.</translation>
    </message>
    <message>
        <source>The model in ‘%1’ cannot be used: its model.json is damaged or of another kind. Copy or download it again.</source>
        <translation>Das Modell in „%1“ ist nicht brauchbar: seine model.json ist beschädigt oder von anderer Art. Kopiere oder lade es noch einmal.</translation>
    </message>
    <message>
        <source>it is damaged, or no picture of a known kind (PNG, JPEG, WebP, BMP)</source>
        <translation>sie ist beschädigt oder kein Bild einer bekannten Art (PNG, JPEG, WebP, BMP)</translation>
    </message>
    <message>
        <source>No encoder for %1 opens on this computer. Choose another format.</source>
        <translation>Auf diesem Rechner öffnet sich kein Encoder für %1. Wähle ein anderes Format.</translation>
    </message>
    <message>
        <source>The recording ‘%1’ cannot be recovered: %2.</source>
        <translation>Die Aufnahme „%1“ lässt sich nicht wiederherstellen: %2.</translation>
    </message>
    <message>
        <source>there is no whole picture in it, or it is still being written</source>
        <translation>es ist kein ganzes Bild darin, oder sie wird noch geschrieben</translation>
    </message>
    <message>
        <source>The model in ‘%1’ cannot be loaded: a file of it is missing or damaged, or the memory or the device is not enough for it. Copy or download it again, or choose another.</source>
        <translation>Das Modell in „%1“ lässt sich nicht laden: eine seiner Dateien fehlt oder ist beschädigt, oder Speicher oder Gerät reichen nicht. Kopiere oder lade es noch einmal, oder wähle ein anderes.</translation>
    </message>
    <message>
        <source>The take cannot begin with ‘%1’: this model may not take pictures, or the size does not fit it. Begin without a picture, or choose another model or size.</source>
        <translation>Der Take kann nicht mit „%1“ beginnen: vielleicht nimmt dieses Modell keine Bilder, oder die Größe passt nicht zu ihm. Beginne ohne Bild, oder wähle ein anderes Modell oder eine andere Größe.</translation>
    </message>
    <message>
        <source>The take cannot begin: its size does not fit the model, or the memory is not enough. Choose another size or a smaller window.</source>
        <translation>Der Take kann nicht beginnen: seine Größe passt nicht zum Modell, oder der Speicher reicht nicht. Wähle eine andere Größe oder ein kleineres Fenster.</translation>
    </message>
    <message>
        <source>A take needs a model. Open a model folder first.</source>
        <translation>Ein Take braucht ein Modell. Öffne erst einen Modellordner.</translation>
    </message>
    <message>
        <source>There is no take to begin again. Start a new one.</source>
        <translation>Es gibt keinen Take, der neu beginnen könnte. Starte einen neuen.</translation>
    </message>
    <message>
        <source>The take has stopped: its next part could not be made. Play on, change the prompt, or start a new take.</source>
        <translation>Der Take steht: sein nächstes Stück ließ sich nicht erzeugen. Spiele weiter, ändere den Prompt oder starte einen neuen Take.</translation>
    </message>
    <message>
        <source>The take has ended: there is not enough memory. Choose a smaller size or window and start again.</source>
        <translation>Der Take ist zu Ende: der Speicher reicht nicht. Wähle eine kleinere Größe oder ein kleineres Fenster und starte noch einmal.</translation>
    </message>
    <message>
        <source>The take has ended by an error of the program. Start again, or load the model again.</source>
        <translation>Der Take ist durch einen Fehler des Programms zu Ende. Starte noch einmal, oder lade das Modell neu.</translation>
    </message>
    <message>
        <source>The take goes on, but its frames are no longer kept and cannot be exported: %1.</source>
        <translation>Der Take geht weiter, aber seine Bilder werden nicht mehr aufgehoben und lassen sich nicht exportieren: %1.</translation>
    </message>
    <message>
        <source>the temporary folder ‘%1’ does not take them</source>
        <translation>der Ordner für vorübergehende Dateien, „%1“, nimmt sie nicht</translation>
    </message>
    <message>
        <source>The rank cannot be computed.</source>
        <translation>Der Rang lässt sich nicht berechnen.</translation>
    </message>
</context>
<context>
    <name>longtake::KeySplitter</name>
    <message>
        <source>Divider</source>
        <translation>Trenner</translation>
    </message>
    <message>
        <source>Arrow keys move it.</source>
        <translation>Die Pfeiltasten verschieben ihn.</translation>
    </message>
</context>
<context>
    <name>longtake::MainWindow</name>
    <message>
        <source>Starting</source>
        <translation>Wird gestartet</translation>
    </message>
    <message>
        <source>? for shortcuts</source>
        <translation>? für Tastenkürzel</translation>
    </message>
    <message>
        <source>&amp;Model</source>
        <translation>&amp;Modell</translation>
    </message>
    <message>
        <source>&amp;Open a model folder…</source>
        <translation>Modellordner ö&amp;ffnen …</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>&amp;Shortcuts</source>
        <translation>&amp;Tastenkürzel</translation>
    </message>
    <message>
        <source>&amp;About Longtake</source>
        <translation>Ü&amp;ber Longtake</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;New take</source>
        <translation>&amp;Neuer Take</translation>
    </message>
    <message>
        <source>&amp;Open…</source>
        <translation>Ö&amp;ffnen …</translation>
    </message>
    <message>
        <source>Open &amp;recent</source>
        <translation>&amp;Zuletzt geöffnet</translation>
    </message>
    <message>
        <source>&amp;Save</source>
        <translation>&amp;Speichern</translation>
    </message>
    <message>
        <source>Save &amp;as…</source>
        <translation>Speichern &amp;unter …</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exportieren …</translation>
    </message>
    <message>
        <source>Save this &amp;frame</source>
        <translation>Dieses &amp;Bild speichern</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>Been&amp;den</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>&amp;Bearbeiten</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Rückgängig</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>&amp;Wiederholen</translation>
    </message>
    <message>
        <source>&amp;Prompt</source>
        <translation>&amp;Prompt</translation>
    </message>
    <message>
        <source>&amp;Add a prompt to the timeline</source>
        <translation>Prompt in die Zeitleiste &amp;einfügen</translation>
    </message>
    <message>
        <source>&amp;Delete the selected prompts</source>
        <translation>Ausgewählte Prompts &amp;löschen</translation>
    </message>
    <message>
        <source>&amp;Copy prompts</source>
        <translation>Prompts &amp;kopieren</translation>
    </message>
    <message>
        <source>Pa&amp;ste prompts</source>
        <translation>Prompts einf&amp;ügen</translation>
    </message>
    <message>
        <source>&amp;Import prompts…</source>
        <translation>Prompts &amp;importieren …</translation>
    </message>
    <message>
        <source>&amp;Export prompts…</source>
        <translation>Prompts e&amp;xportieren …</translation>
    </message>
    <message>
        <source>&amp;Take</source>
        <translation>&amp;Take</translation>
    </message>
    <message>
        <source>&amp;Play or pause</source>
        <translation>Wieder&amp;gabe oder Pause</translation>
    </message>
    <message>
        <source>To the &amp;start</source>
        <translation>Zum &amp;Anfang</translation>
    </message>
    <message>
        <source>To the &amp;newest</source>
        <translation>Zum n&amp;euesten Bild</translation>
    </message>
    <message>
        <source>Next &amp;frame</source>
        <translation>&amp;Nächstes Bild</translation>
    </message>
    <message>
        <source>Pre&amp;vious frame</source>
        <translation>&amp;Voriges Bild</translation>
    </message>
    <message>
        <source>Mark &amp;in</source>
        <translation>Marke &amp;In setzen</translation>
    </message>
    <message>
        <source>Mark &amp;out</source>
        <translation>Marke &amp;Out setzen</translation>
    </message>
    <message>
        <source>&amp;Clear the marks</source>
        <translation>Marken &amp;löschen</translation>
    </message>
    <message>
        <source>&amp;Record</source>
        <translation>Au&amp;fnehmen</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>&amp;Cache</source>
        <translation>&amp;Cache</translation>
    </message>
    <message>
        <source>&amp;Rank</source>
        <translation>&amp;Rang</translation>
    </message>
    <message>
        <source>&amp;Session</source>
        <translation>&amp;Sitzung</translation>
    </message>
    <message>
        <source>&amp;Timeline</source>
        <translation>&amp;Zeitleiste</translation>
    </message>
    <message>
        <source>&amp;Figures over the picture</source>
        <translation>Zahlen über dem &amp;Bild</translation>
    </message>
    <message>
        <source>F&amp;it</source>
        <translation>&amp;Einpassen</translation>
    </message>
    <message>
        <source>&amp;Actual size</source>
        <translation>&amp;Originalgröße</translation>
    </message>
    <message>
        <source>F&amp;ull screen</source>
        <translation>&amp;Vollbild</translation>
    </message>
    <message>
        <source>Picture: %1</source>
        <translation>Bild: %1</translation>
    </message>
    <message>
        <source>Saved as %1</source>
        <translation>Gespeichert als %1</translation>
    </message>
    <message>
        <source>%1[*] – Longtake</source>
        <translation>%1[*] – Longtake</translation>
    </message>
    <message>
        <source>About Longtake</source>
        <translation>Über Longtake</translation>
    </message>
    <message>
        <source>&lt;b&gt;Longtake %1&lt;/b&gt;&lt;br&gt;Long videos, made live and steered while they grow.&lt;br&gt;Apache-2.0</source>
        <translation>&lt;b&gt;Longtake %1&lt;/b&gt;&lt;br&gt;Lange Videos, live erzeugt und gelenkt, während sie wachsen.&lt;br&gt;Apache-2.0</translation>
    </message>
    <message>
        <source>Begin with a &amp;picture…</source>
        <translation>&amp;Mit einem Bild beginnen …</translation>
    </message>
    <message>
        <source>&amp;nothing yet</source>
        <translation>&amp;noch nichts</translation>
    </message>
    <message>
        <source>Recording for&amp;mat…</source>
        <translation>Aufnahmefor&amp;mat…</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <source>Play &amp;backwards</source>
        <translation>&amp;Rückwärts abspielen</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>Pos1</translation>
    </message>
    <message>
        <source>End</source>
        <translation>Ende</translation>
    </message>
</context>
<context>
    <name>longtake::NoticeBar</name>
    <message>
        <source>Close this message</source>
        <translation>Diese Meldung schließen</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>Meldung</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>What the program itself says, in English</source>
        <translation>Was das Programm selbst sagt, auf Englisch</translation>
    </message>
</context>
<context>
    <name>longtake::PanelHeader</name>
    <message>
        <source>Save the values or the picture of this panel</source>
        <translation>Werte oder Bild dieser Ansicht speichern</translation>
    </message>
    <message>
        <source>%1: more</source>
        <translation>%1: mehr</translation>
    </message>
    <message>
        <source>Save values</source>
        <translation>Werte speichern</translation>
    </message>
    <message>
        <source>Comma-separated values (*.csv)</source>
        <translation>Kommagetrennte Werte (*.csv)</translation>
    </message>
    <message>
        <source>Save the &amp;picture as PNG…</source>
        <translation>&amp;Bild als PNG speichern …</translation>
    </message>
    <message>
        <source>Save picture</source>
        <translation>Bild speichern</translation>
    </message>
    <message>
        <source>PNG picture (*.png)</source>
        <translation>PNG-Bild (*.png)</translation>
    </message>
</context>
<context>
    <name>longtake::ProjectController</name>
    <message>
        <source>Untitled</source>
        <translation>Ohne Titel</translation>
    </message>
    <message>
        <source>Save changes?</source>
        <translation>Änderungen speichern?</translation>
    </message>
    <message>
        <source>“%1” has changes that are not saved.</source>
        <translation>„%1“ enthält Änderungen, die nicht gespeichert sind.</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Projects and exported videos (*.longtake *.mp4 *.mov);;All files (*)</source>
        <translation>Projekte und exportierte Videos (*.longtake *.mp4 *.mov);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Save as</source>
        <translation>Speichern unter</translation>
    </message>
    <message>
        <source>Projects (*.longtake)</source>
        <translation>Projekte (*.longtake)</translation>
    </message>
    <message>
        <source>saved</source>
        <translation>gespeichert</translation>
    </message>
    <message>
        <source>autosaved %1</source>
        <translation>automatisch gespeichert %1</translation>
    </message>
    <message>
        <source>Longtake ended unexpectedly on %1 with a take that was not saved.</source>
        <translation>Longtake wurde am %1 unerwartet beendet; ein Take war nicht gespeichert.</translation>
    </message>
    <message>
        <source>Rest&amp;ore</source>
        <translation>&amp;Wiederherstellen</translation>
    </message>
    <message>
        <source>D&amp;iscard</source>
        <translation>&amp;Verwerfen</translation>
    </message>
    <message>
        <source>The recording was recovered: %1, %2</source>
        <translation>Die Aufnahme wurde wiederhergestellt: %1, %2</translation>
    </message>
    <message>
        <source>&amp;Save</source>
        <translation>&amp;Speichern</translation>
    </message>
    <message>
        <source>&amp;Discard</source>
        <translation>&amp;Verwerfen</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>&amp;Abbrechen</translation>
    </message>
    <message>
        <source>autosave failed</source>
        <translation>nicht automatisch gespeichert</translation>
    </message>
    <message>
        <source>Autosave failed: %1</source>
        <translation>Automatisches Speichern fehlgeschlagen: %1</translation>
    </message>
</context>
<context>
    <name>longtake::PromptBar</name>
    <message>
        <source>Describe what should be seen next</source>
        <translation>Beschreibe, was als Nächstes zu sehen sein soll</translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation>Prompt</translation>
    </message>
    <message>
        <source>Enter steers the take at the next chunk. Up and Down bring back earlier prompts.</source>
        <translation>Die Eingabetaste lenkt den Take ab dem nächsten Chunk. Auf und Ab holen frühere Prompts zurück.</translation>
    </message>
    <message>
        <source>&amp;Steer</source>
        <translation>&amp;Lenken</translation>
    </message>
    <message>
        <source>Use this prompt from the next chunk on (Enter)</source>
        <translation>Diesen Prompt ab dem nächsten Chunk verwenden (Eingabetaste)</translation>
    </message>
    <message>
        <source>‘%1’ visible in %2</source>
        <translation>„%1“ sichtbar in %2</translation>
    </message>
    <message>
        <source>‘%1’ visible any moment</source>
        <translation>„%1“ jeden Moment sichtbar</translation>
    </message>
    <message>
        <source>The model does not know ‘%1’</source>
        <translation>Das Modell kennt „%1“ nicht</translation>
    </message>
    <message>
        <source>’, ‘</source>
        <translation>“, „</translation>
    </message>
    <message>
        <source>. Did you mean ‘%1’?</source>
        <translation>. Meintest du „%1“?</translation>
    </message>
    <message>
        <source>; it knows: %1</source>
        <translation>; es kennt: %1</translation>
    </message>
    <message>
        <source>%1 words: the model reads about the first %2.</source>
        <translation>%1 Wörter: Das Modell liest etwa die ersten %2.</translation>
    </message>
    <message>
        <source>‘%1’ is on screen; it took %2</source>
        <translation>„%1“ ist zu sehen; es dauerte %2</translation>
    </message>
    <message>
        <source>Enter steers at chunk %1, visible in about %2</source>
        <translation>Eingabetaste lenkt ab Chunk %1, sichtbar in etwa %2</translation>
    </message>
    <message>
        <source>Enter uses the prompt when the take starts</source>
        <translation>Eingabetaste: Der Prompt gilt, sobald der Take beginnt</translation>
    </message>
</context>
<context>
    <name>longtake::PromptFile</name>
    <message>
        <source>line %1: %2</source>
        <translation>Zeile %1: %2</translation>
    </message>
    <message>
        <source>prompt %1: %2</source>
        <translation>Prompt %1: %2</translation>
    </message>
    <message>
        <source>neither ‘chunk’ nor ‘seconds’ is a number</source>
        <translation>weder „chunk“ noch „seconds“ ist eine Zahl</translation>
    </message>
    <message>
        <source>there is no transition called ‘%1’; use keep, re-cache or blend</source>
        <translation>es gibt keinen Übergang namens „%1“; nimm keep, re-cache oder blend</translation>
    </message>
    <message>
        <source>there is no prompt in it</source>
        <translation>darin ist kein Prompt</translation>
    </message>
    <message>
        <source>there are more than %1 prompts in it</source>
        <translation>darin sind mehr als %1 Prompts</translation>
    </message>
    <message>
        <source>a blend lasts 1 to %1 chunks</source>
        <translation>eine Blende dauert 1 bis %1 Chunks</translation>
    </message>
    <message>
        <source>it does not start after the one before; sort them by time</source>
        <translation>er beginnt nicht nach dem davor; sortiere sie nach der Zeit</translation>
    </message>
    <message>
        <source>these prompts cannot follow each other</source>
        <translation>diese Prompts können nicht aufeinander folgen</translation>
    </message>
    <message>
        <source>a time is missing before the prompt; write for instance 0:12 and the prompt</source>
        <translation>vor dem Prompt fehlt eine Zeit; schreibe zum Beispiel 0:12 und den Prompt</translation>
    </message>
    <message>
        <source>the file ends inside quotes; close them</source>
        <translation>die Datei endet innerhalb von Anführungszeichen; schließe sie</translation>
    </message>
    <message>
        <source>the first line names no column ‘prompt’; it should read %1</source>
        <translation>die erste Zeile nennt keine Spalte „prompt“; sie sollte lauten: %1</translation>
    </message>
    <message>
        <source>this is no JSON</source>
        <translation>das ist kein JSON</translation>
    </message>
    <message>
        <source>this JSON holds no prompts: its ‘format’ is not ‘%1’</source>
        <translation>dieses JSON hält keine Prompts: sein „format“ ist nicht „%1“</translation>
    </message>
    <message>
        <source>these prompts have a version that this program does not know; update it</source>
        <translation>diese Prompts haben eine Version, die dieses Programm nicht kennt; bring es auf den neuesten Stand</translation>
    </message>
    <message>
        <source>this is larger than 4 MB and hardly a list of prompts</source>
        <translation>das ist größer als 4 MB und wohl kaum eine Liste von Prompts</translation>
    </message>
</context>
<context>
    <name>longtake::PromptGuide</name>
    <message>
        <source>Write what should be seen.</source>
        <translation>Schreib, was zu sehen sein soll.</translation>
    </message>
    <message>
        <source>This prompt is too long: %1 characters. Shorten it to %2.</source>
        <translation>Dieser Prompt ist zu lang: %1 Zeichen. Kürze ihn auf %2.</translation>
    </message>
</context>
<context>
    <name>longtake::RankPanel</name>
    <message>
        <source>Rank</source>
        <translation>Rang</translation>
    </message>
    <message>
        <source>Ranks appear after the first chunk.</source>
        <translation>Die Ränge erscheinen nach dem ersten Chunk.</translation>
    </message>
    <message>
        <source>Effective rank per layer</source>
        <translation>Effektiver Rang je Schicht</translation>
    </message>
    <message>
        <source>Arrow keys choose a layer; the lines below give its figures, spectrum and history.</source>
        <translation>Die Pfeiltasten wählen eine Schicht; darunter stehen ihre Werte, ihr Spektrum und ihr Verlauf.</translation>
    </message>
    <message>
        <source>Singular values of the chosen layer, largest first, on a logarithmic scale.
The dashed line stands where the threshold is reached.</source>
        <translation>Singulärwerte der gewählten Schicht, der größte zuerst, logarithmisch.
Die gestrichelte Linie steht dort, wo die Schwelle erreicht ist.</translation>
    </message>
    <message>
        <source>Spectrum of the chosen layer</source>
        <translation>Spektrum der gewählten Schicht</translation>
    </message>
    <message>
        <source>Rank history of the chosen layer</source>
        <translation>Rangverlauf der gewählten Schicht</translation>
    </message>
    <message>
        <source>What one probe takes, on its own thread: generation does not wait for it.</source>
        <translation>Dauer einer Messung in einem eigenen Thread: Die Erzeugung wartet nicht darauf.</translation>
    </message>
    <message>
        <source>spectrum</source>
        <translation>Spektrum</translation>
    </message>
    <message>
        <source>history</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>Save the &amp;layers as CSV…</source>
        <translation>&amp;Schichten als CSV speichern …</translation>
    </message>
    <message>
        <source>rank-layers</source>
        <translation>rang-schichten</translation>
    </message>
    <message>
        <source>Save the &amp;history as CSV…</source>
        <translation>&amp;Verlauf als CSV speichern …</translation>
    </message>
    <message>
        <source>rank-history</source>
        <translation>rang-verlauf</translation>
    </message>
    <message>
        <source>rank</source>
        <translation>rang</translation>
    </message>
    <message>
        <source>Live</source>
        <translation>Live</translation>
    </message>
    <message>
        <source>Ranks of what the cache holds now, chunk by chunk</source>
        <translation>Ränge dessen, was der Cache jetzt enthält, Chunk für Chunk</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>Ranks of the model&apos;s own matrices, once per model</source>
        <translation>Ränge der Matrizen des Modells selbst, einmal je Modell</translation>
    </message>
    <message>
        <source>energy rank</source>
        <translation>Energierang</translation>
    </message>
    <message>
        <source>stable rank</source>
        <translation>stabiler Rang</translation>
    </message>
    <message>
        <source>entropy rank</source>
        <translation>Entropierang</translation>
    </message>
    <message>
        <source>The weights have not been measured yet.</source>
        <translation>Die Gewichte sind noch nicht gemessen.</translation>
    </message>
    <message>
        <source>%1 % energy</source>
        <translation>%1 % Energie</translation>
    </message>
    <message>
        <source>of the cached latents, while a take runs</source>
        <translation>der Latents im Cache, während ein Take läuft</translation>
    </message>
    <message>
        <source>of the attention weights</source>
        <translation>der Attention-Gewichte</translation>
    </message>
    <message>
        <source>%1 · d_c %2</source>
        <translation>%1 · d_c %2</translation>
    </message>
    <message>
        <source>%1, %2 × %3 per layer</source>
        <translation>%1, %2 × %3 je Schicht</translation>
    </message>
    <message>
        <source>probe %1 ms</source>
        <translation>Messung %1 ms</translation>
    </message>
    <message>
        <source>Layer %1</source>
        <translation>Schicht %1</translation>
    </message>
    <message>
        <source>Fullest, layer %1</source>
        <translation>Vollste, Schicht %1</translation>
    </message>
    <message>
        <source>%1: %2 %3 · stable %4 · entropy %5</source>
        <translation>%1: %2 %3 · stabil %4 · Entropie %5</translation>
    </message>
    <message>
        <source> · %1 in d_c</source>
        <translation> · %1 in d_c</translation>
    </message>
    <message>
        <source>Layer %1, chunk by chunk: between %2 and %3</source>
        <translation>Schicht %1, Chunk für Chunk: zwischen %2 und %3</translation>
    </message>
    <message>
        <source>weights stay</source>
        <translation>Gewichte bleiben</translation>
    </message>
    <message>
        <source>cached latents c of the window</source>
        <translation>Latente c im Cache des Fensters</translation>
    </message>
</context>
<context>
    <name>longtake::RecordingDialog</name>
    <message>
        <source>Recording</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>&amp;Format</source>
        <translation>&amp;Format</translation>
    </message>
    <message>
        <source>&amp;Quality</source>
        <translation>&amp;Qualität</translation>
    </message>
    <message>
        <source>Fol&amp;der</source>
        <translation>O&amp;rdner</translation>
    </message>
    <message>
        <source>For the recordings from now on. One that is under way stays as it is.</source>
        <translation>Für die Aufnahmen von jetzt an. Eine laufende bleibt, wie sie ist.</translation>
    </message>
    <message>
        <source>&amp;Use</source>
        <translation>&amp;Verwenden</translation>
    </message>
    <message>
        <source>Folder for recordings</source>
        <translation>Ordner für Aufnahmen</translation>
    </message>
</context>
<context>
    <name>longtake::SessionPanel</name>
    <message>
        <source>Session</source>
        <translation>Sitzung</translation>
    </message>
    <message>
        <source>Open a model &amp;folder…</source>
        <translation>Modell&amp;ordner öffnen …</translation>
    </message>
    <message>
        <source>The same seed, prompts and settings make the same take again</source>
        <translation>Gleicher Seed, gleiche Prompts und gleiche Einstellungen ergeben wieder denselben Take</translation>
    </message>
    <message>
        <source>Keep this seed</source>
        <translation>Diesen Seed behalten</translation>
    </message>
    <message>
        <source>Another seed</source>
        <translation>Anderer Seed</translation>
    </message>
    <message>
        <source> steps</source>
        <translation> Läufe</translation>
    </message>
    <message>
        <source>Denoise passes a chunk: fewer are faster and rougher</source>
        <translation>Entrauschungsläufe je Chunk: Weniger sind schneller und gröber</translation>
    </message>
    <message>
        <source>sink </source>
        <translation>Sink </translation>
    </message>
    <message>
        <source>First frames of the take that are always kept in view of the model</source>
        <translation>Erste Bilder des Takes, die das Modell immer im Blick behält</translation>
    </message>
    <message>
        <source>window </source>
        <translation>Fenster </translation>
    </message>
    <message>
        <source>Latent frames held in all: sink, past frames and the chunk being made</source>
        <translation>Insgesamt gehaltene Latent-Bilder: Sink, vergangene Bilder und der entstehende Chunk</translation>
    </message>
    <message>
        <source> threads</source>
        <translation> Threads</translation>
    </message>
    <message>
        <source>all cores</source>
        <translation>alle</translation>
    </message>
    <message>
        <source>Memory plan</source>
        <translation>Speicherplan</translation>
    </message>
    <message>
        <source>&amp;New take</source>
        <translation>&amp;Neuer Take</translation>
    </message>
    <message>
        <source>Si&amp;ze</source>
        <translation>&amp;Größe</translation>
    </message>
    <message>
        <source>See&amp;d</source>
        <translation>S&amp;eed</translation>
    </message>
    <message>
        <source>Chun&amp;ks</source>
        <translation>Chun&amp;ks</translation>
    </message>
    <message>
        <source>knows %1</source>
        <translation>kennt %1</translation>
    </message>
    <message>
        <source>Every take uses this seed; click for a new one each time</source>
        <translation>Jeder Take verwendet diesen Seed; klicken für jedes Mal einen neuen</translation>
    </message>
    <message>
        <source>Every take gets a new seed; click to keep this one</source>
        <translation>Jeder Take erhält einen neuen Seed; klicken, um diesen zu behalten</translation>
    </message>
    <message>
        <source>not known yet</source>
        <translation>noch nicht bekannt</translation>
    </message>
    <message>
        <source>takes %1</source>
        <translation>belegt %1</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>needs %1, there are %2</source>
        <translation>braucht %1, vorhanden sind %2</translation>
    </message>
    <message>
        <source>No model was found. Open a model folder from the menu above.</source>
        <translation>Kein Modell gefunden. Öffne über das Menü oben einen Modellordner.</translation>
    </message>
    <message>
        <source>The take that runs keeps its settings; these are for the next one.</source>
        <translation>Der laufende Take behält seine Einstellungen; diese gelten für den nächsten.</translation>
    </message>
    <message>
        <source>Begin again at 0:00 with these settings</source>
        <translation>Mit diesen Einstellungen bei 0:00 neu beginnen</translation>
    </message>
    <message>
        <source>none; drop a picture here</source>
        <translation>keines; Bild hier ablegen</translation>
    </message>
    <message>
        <source>Choose a picture that the take begins with</source>
        <translation>Ein Bild wählen, mit dem der Take beginnt</translation>
    </message>
    <message>
        <source>Begin without a picture</source>
        <translation>Ohne Bild beginnen</translation>
    </message>
    <message>
        <source>A picture that becomes the first moment of the take</source>
        <translation>Ein Bild, das zum ersten Augenblick des Takes wird</translation>
    </message>
    <message>
        <source>Width and height of the picture in pixels; choose one or type your own</source>
        <translation>Breite und Höhe des Bildes in Pixeln; wähle eine oder gib eine eigene ein</translation>
    </message>
    <message>
        <source>This needs %1, there are %2.</source>
        <translation>Das braucht %1, vorhanden sind %2.</translation>
    </message>
    <message>
        <source>Choose a smaller size or window.</source>
        <translation>Wähle eine kleinere Größe oder ein kleineres Fenster.</translation>
    </message>
    <message>
        <source>Mode&amp;l</source>
        <translation>M&amp;odell</translation>
    </message>
    <message>
        <source>St&amp;art</source>
        <translation>&amp;Start</translation>
    </message>
    <message>
        <source>Devi&amp;ce</source>
        <translation>Ge&amp;rät</translation>
    </message>
    <message>
        <source>fp32 exact</source>
        <translation>fp32 exakt</translation>
    </message>
    <message>
        <source>bf16 fast</source>
        <translation>bf16 flott</translation>
    </message>
</context>
<context>
    <name>longtake::SetupController</name>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>No model was found. Open a model folder from the Model menu.</source>
        <translation>Kein Modell gefunden. Öffne über das Menü „Modell“ einen Modellordner.</translation>
    </message>
    <message>
        <source>%1 · %2 threads · %3</source>
        <translation>%1 · %2 Threads · %3</translation>
    </message>
    <message>
        <source>The model is not the one the project was made with; its pictures can differ.</source>
        <translation>Das Modell ist nicht das, mit dem das Projekt entstand; die Bilder können abweichen.</translation>
    </message>
    <message>
        <source>There is no model to start with. Open a model folder from the Model menu.</source>
        <translation>Es gibt kein Modell zum Starten. Öffne über das Menü „Modell“ einen Modellordner.</translation>
    </message>
    <message>
        <source>A take needs a prompt. Describe what should be seen, then press Enter.</source>
        <translation>Ein Take braucht einen Prompt. Beschreibe, was zu sehen sein soll, und drücke die Eingabetaste.</translation>
    </message>
    <message>
        <source>weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>video</source>
        <translation>Video</translation>
    </message>
    <message>
        <source>cache</source>
        <translation>Cache</translation>
    </message>
    <message>
        <source>work</source>
        <translation>Arbeit</translation>
    </message>
    <message>
        <source>Choose a smaller size or a smaller window.</source>
        <translation>Wähle eine kleinere Größe oder ein kleineres Fenster.</translation>
    </message>
    <message>
        <source>Open a model folder</source>
        <translation>Modellordner öffnen</translation>
    </message>
    <message>
        <source>start picture</source>
        <translation>Startbild</translation>
    </message>
    <message>
        <source>Choose a picture to begin with</source>
        <translation>Bild für den Anfang wählen</translation>
    </message>
    <message>
        <source>Pictures (*.png *.jpg *.jpeg *.webp *.bmp);;All files (*)</source>
        <translation>Bilder (*.png *.jpg *.jpeg *.webp *.bmp);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>NVIDIA GPU</source>
        <translation>NVIDIA-GPU</translation>
    </message>
    <message>
        <source>No NVIDIA card can be used here.</source>
        <translation>Hier ist keine NVIDIA-Karte zu gebrauchen.</translation>
    </message>
</context>
<context>
    <name>longtake::SharedPreview</name>
    <message>
        <source>the model runs there</source>
        <translation>sie rechnet selbst</translation>
    </message>
    <message>
        <source>preview stays on the GPU</source>
        <translation>Vorschau bleibt auf der GPU</translation>
    </message>
    <message>
        <source>preview via CPU: %1</source>
        <translation>Vorschau über CPU: %1</translation>
    </message>
</context>
<context>
    <name>longtake::ShortcutSheet</name>
    <message>
        <source>Shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Take</source>
        <translation>Take</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <source>play or pause</source>
        <translation>Wiedergabe oder Pause</translation>
    </message>
    <message>
        <source>J</source>
        <translation>J</translation>
    </message>
    <message>
        <source>K</source>
        <translation>K</translation>
    </message>
    <message>
        <source>pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>L</source>
        <translation>L</translation>
    </message>
    <message>
        <source>← →</source>
        <translation>← →</translation>
    </message>
    <message>
        <source>one frame</source>
        <translation>ein Bild</translation>
    </message>
    <message>
        <source>Shift+← →</source>
        <translation>Umschalt+← →</translation>
    </message>
    <message>
        <source>one chunk</source>
        <translation>ein Chunk</translation>
    </message>
    <message>
        <source>Home, End</source>
        <translation>Pos1, Ende</translation>
    </message>
    <message>
        <source>start, newest</source>
        <translation>Anfang, neuestes Bild</translation>
    </message>
    <message>
        <source>I, O</source>
        <translation>I, O</translation>
    </message>
    <message>
        <source>mark the range&apos;s in and out</source>
        <translation>Anfang und Ende des Bereichs markieren</translation>
    </message>
    <message>
        <source>X</source>
        <translation>X</translation>
    </message>
    <message>
        <source>clear the marks</source>
        <translation>Marken löschen</translation>
    </message>
    <message>
        <source>R</source>
        <translation>R</translation>
    </message>
    <message>
        <source>record, stop recording</source>
        <translation>Aufnahme starten, beenden</translation>
    </message>
    <message>
        <source>Ctrl+L</source>
        <translation>Strg+L</translation>
    </message>
    <message>
        <source>to the prompt</source>
        <translation>zum Prompt</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>in the prompt: steer</source>
        <translation>im Prompt: lenken</translation>
    </message>
    <message>
        <source>Timeline</source>
        <translation>Zeitleiste</translation>
    </message>
    <message>
        <source>Insert</source>
        <translation>Einfg</translation>
    </message>
    <message>
        <source>add a prompt</source>
        <translation>Prompt einfügen</translation>
    </message>
    <message>
        <source>F2</source>
        <translation>F2</translation>
    </message>
    <message>
        <source>edit the words</source>
        <translation>Text bearbeiten</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Entf</translation>
    </message>
    <message>
        <source>delete the prompt</source>
        <translation>Prompt löschen</translation>
    </message>
    <message>
        <source>Ctrl+Z, Ctrl+Shift+Z</source>
        <translation>Strg+Z, Strg+Umschalt+Z</translation>
    </message>
    <message>
        <source>undo, redo</source>
        <translation>rückgängig, wiederholen</translation>
    </message>
    <message>
        <source>Ctrl+X, C, V</source>
        <translation>Strg+X, C, V</translation>
    </message>
    <message>
        <source>cut, copy, paste prompts</source>
        <translation>Prompts ausschneiden, kopieren, einfügen</translation>
    </message>
    <message>
        <source>File and view</source>
        <translation>Datei und Ansicht</translation>
    </message>
    <message>
        <source>Ctrl+O, Ctrl+S</source>
        <translation>Strg+O, Strg+S</translation>
    </message>
    <message>
        <source>open, save</source>
        <translation>öffnen, speichern</translation>
    </message>
    <message>
        <source>Ctrl+E</source>
        <translation>Strg+E</translation>
    </message>
    <message>
        <source>export</source>
        <translation>exportieren</translation>
    </message>
    <message>
        <source>Ctrl+Shift+E</source>
        <translation>Strg+Umschalt+E</translation>
    </message>
    <message>
        <source>save this frame</source>
        <translation>dieses Bild speichern</translation>
    </message>
    <message>
        <source>Ctrl+N</source>
        <translation>Strg+N</translation>
    </message>
    <message>
        <source>new take</source>
        <translation>neuer Take</translation>
    </message>
    <message>
        <source>H</source>
        <translation>H</translation>
    </message>
    <message>
        <source>figures over the picture</source>
        <translation>Zahlen über dem Bild</translation>
    </message>
    <message>
        <source>0, 1, +, −</source>
        <translation>0, 1, +, −</translation>
    </message>
    <message>
        <source>on the canvas: fit, 1:1, zoom</source>
        <translation>Videofläche: einpassen, 1:1, Zoom</translation>
    </message>
    <message>
        <source>F11</source>
        <translation>F11</translation>
    </message>
    <message>
        <source>full screen</source>
        <translation>Vollbild</translation>
    </message>
    <message>
        <source>?</source>
        <translation>?</translation>
    </message>
    <message>
        <source>this sheet</source>
        <translation>diese Übersicht</translation>
    </message>
    <message>
        <source>Ctrl+← →</source>
        <translation>Strg+← →</translation>
    </message>
    <message>
        <source>choose the prompt before or after</source>
        <translation>den Prompt davor oder danach wählen</translation>
    </message>
    <message>
        <source>Alt+← →</source>
        <translation>Alt+← →</translation>
    </message>
    <message>
        <source>move its start</source>
        <translation>seinen Anfang verschieben</translation>
    </message>
    <message>
        <source>Alt+Shift+← →</source>
        <translation>Alt+Umschalt+← →</translation>
    </message>
    <message>
        <source>move the whole prompt</source>
        <translation>den ganzen Prompt verschieben</translation>
    </message>
    <message>
        <source>mark where a prompt is added</source>
        <translation>Stelle für einen neuen Prompt wählen</translation>
    </message>
    <message>
        <source>T</source>
        <translation>T</translation>
    </message>
    <message>
        <source>change the transition</source>
        <translation>den Übergang ändern</translation>
    </message>
    <message>
        <source>+, −, 0</source>
        <translation>+, −, 0</translation>
    </message>
    <message>
        <source>zoom in, out, fit</source>
        <translation>größer, kleiner, einpassen</translation>
    </message>
    <message>
        <source>play backwards; again: faster</source>
        <translation>rückwärts abspielen; nochmals: schneller</translation>
    </message>
    <message>
        <source>play; again: faster</source>
        <translation>abspielen; nochmals: schneller</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>S&amp;chließen</translation>
    </message>
</context>
<context>
    <name>longtake::TakeController</name>
    <message>
        <source>Take %1</source>
        <translation>Take %1</translation>
    </message>
    <message>
        <source>chunk ms</source>
        <translation>Chunk ms</translation>
    </message>
    <message>
        <source>No model</source>
        <translation>Kein Modell</translation>
    </message>
    <message>
        <source>Open a model folder from the Model menu</source>
        <translation>Öffne über das Menü „Modell“ einen Modellordner</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>Modell wird geladen …</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>Bereit</translation>
    </message>
    <message>
        <source>Generating</source>
        <translation>Erzeugt</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>%1 after %2 ms</source>
        <translation>%1 nach %2 ms</translation>
    </message>
    <message>
        <source>‘%1’ visible in %2</source>
        <translation>„%1“ sichtbar in %2</translation>
    </message>
    <message>
        <source>‘%1’ visible any moment</source>
        <translation>„%1“ jeden Moment sichtbar</translation>
    </message>
    <message>
        <source>drift</source>
        <translation>Drift</translation>
    </message>
    <message>
        <source>Backwards, %1×</source>
        <translation>Rückwärts, %1×</translation>
    </message>
    <message>
        <source>Forwards, %1×</source>
        <translation>Vorwärts, %1×</translation>
    </message>
</context>
<context>
    <name>longtake::TimelineModel</name>
    <message>
        <source>That is already made; only what comes can be taken back.</source>
        <translation>Das ist bereits erzeugt; nur Kommendes lässt sich zurücknehmen.</translation>
    </message>
    <message>
        <source>That is already made; only what comes can be changed.</source>
        <translation>Das ist bereits erzeugt; nur Kommendes lässt sich ändern.</translation>
    </message>
    <message>
        <source>Everything before %1 is already made; edits start there.</source>
        <translation>Alles vor %1 ist bereits erzeugt; Änderungen beginnen dort.</translation>
    </message>
    <message>
        <source>Everything before %1 is already made; the prompt starts there.</source>
        <translation>Alles vor %1 ist bereits erzeugt; der Prompt beginnt dort.</translation>
    </message>
    <message>
        <source>The take already follows this prompt there.</source>
        <translation>Der Take folgt dort bereits diesem Prompt.</translation>
    </message>
    <message>
        <source>Add prompt</source>
        <translation>Prompt einfügen</translation>
    </message>
    <message>
        <source>Edit prompt</source>
        <translation>Prompt bearbeiten</translation>
    </message>
    <message>
        <source>This part is already made. Add a prompt from %1 on, or start a new take.</source>
        <translation>Dieser Teil ist bereits erzeugt. Füge ab %1 einen Prompt ein oder beginne einen neuen Take.</translation>
    </message>
    <message>
        <source>The part before %1 is already made; the new words take over there.</source>
        <translation>Der Teil vor %1 ist bereits erzeugt; der neue Text gilt ab dort.</translation>
    </message>
    <message>
        <source>Change transition</source>
        <translation>Übergang ändern</translation>
    </message>
    <message>
        <source>This prompt is already on film; only prompts that have not begun can be deleted.</source>
        <translation>Dieser Prompt ist schon im Film; nur noch nicht begonnene Prompts lassen sich löschen.</translation>
    </message>
    <message>
        <source>Delete prompt</source>
        <translation>Prompt löschen</translation>
    </message>
    <message>
        <source>This prompt has already begun; its start is on film.</source>
        <translation>Dieser Prompt hat schon begonnen; sein Anfang ist im Film.</translation>
    </message>
    <message>
        <source>Move edge</source>
        <translation>Kante verschieben</translation>
    </message>
    <message>
        <source>This prompt has already begun; it stays where it is.</source>
        <translation>Dieser Prompt hat schon begonnen; er bleibt, wo er ist.</translation>
    </message>
    <message>
        <source>Move prompt</source>
        <translation>Prompt verschieben</translation>
    </message>
    <message>
        <source>Paste</source>
        <translation>Einfügen</translation>
    </message>
    <message>
        <source>Import prompts</source>
        <translation>Prompts importieren</translation>
    </message>
    <message>
        <source>Mark in</source>
        <translation>Marke In setzen</translation>
    </message>
    <message>
        <source>Mark out</source>
        <translation>Marke Out setzen</translation>
    </message>
    <message>
        <source>Clear the marks</source>
        <translation>Marken löschen</translation>
    </message>
    <message>
        <source>The timeline is full: it holds %1 prompts.</source>
        <translation>Die Zeitleiste ist voll: sie hält %1 Prompts.</translation>
    </message>
    <message>
        <source>The prompts cannot follow each other like this.</source>
        <translation>So können die Prompts nicht aufeinander folgen.</translation>
    </message>
</context>
<context>
    <name>longtake::TimelinePainter</name>
    <message>
        <source>Type a prompt above and press play; the prompts of the take appear here.</source>
        <translation>Gib oben einen Prompt ein und starte die Wiedergabe; hier erscheinen die Prompts des Takes.</translation>
    </message>
    <message>
        <source>keep</source>
        <translation>halten</translation>
    </message>
    <message>
        <source>blend %1</source>
        <translation>Blende %1</translation>
    </message>
    <message>
        <source>drift</source>
        <translation>Drift</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
</context>
<context>
    <name>longtake::TimelinePanel</name>
    <message>
        <source>Take 1</source>
        <translation>Take 1</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Show more time (−)</source>
        <translation>Mehr Zeit zeigen (−)</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Show less time (+)</source>
        <translation>Weniger Zeit zeigen (+)</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>Einpassen</translation>
    </message>
    <message>
        <source>Show the whole take (0)</source>
        <translation>Den ganzen Take zeigen (0)</translation>
    </message>
    <message>
        <source>re-cache</source>
        <translation>Cache neu</translation>
    </message>
    <message>
        <source>blend</source>
        <translation>Blende</translation>
    </message>
    <message>
        <source>keep cache</source>
        <translation>Cache halten</translation>
    </message>
    <message>
        <source>A cut in meaning: what is in view is read again under the new prompt</source>
        <translation>Ein Schnitt im Sinn: Was im Blick ist, wird unter dem neuen Prompt neu eingelesen</translation>
    </message>
    <message>
        <source>The two prompts are mixed over some chunks</source>
        <translation>Die beiden Prompts werden über einige Chunks gemischt</translation>
    </message>
    <message>
        <source>The softest change: what is in view keeps the old prompt</source>
        <translation>Der sanfteste Wechsel: Was im Blick ist, behält den alten Prompt</translation>
    </message>
    <message>
        <source>How new prompts take over from the one before</source>
        <translation>Wie neue Prompts den vorigen ablösen</translation>
    </message>
    <message>
        <source>Transition of new prompts</source>
        <translation>Übergang neuer Prompts</translation>
    </message>
    <message>
        <source> chunks</source>
        <translation> Chunks</translation>
    </message>
    <message>
        <source>Length of the blend</source>
        <translation>Länge der Blende</translation>
    </message>
    <message>
        <source>t&amp;ransition</source>
        <translation>&amp;Übergang</translation>
    </message>
</context>
<context>
    <name>longtake::TimelineView</name>
    <message>
        <source>Left, Right: one frame (Shift: mark the next chunk)
Ctrl+Left, Ctrl+Right: select the prompt before or after
Alt+Left, Alt+Right: move the start of the selected prompt (with Shift: the whole prompt)
Enter: edit the words · Insert: new prompt · Delete: delete
T: change the transition · I, O: range from, to · X: no range
+, −, 0: zoom in, out, fit · Home, End: start, newest</source>
        <translation>Links, Rechts: ein Bild (Umschalt: den nächsten Chunk markieren)
Strg+Links, Strg+Rechts: den vorigen oder nächsten Prompt auswählen
Alt+Links, Alt+Rechts: den Anfang des ausgewählten Prompts verschieben (mit Umschalt: den ganzen Prompt)
Eingabe: Text bearbeiten · Einfg: neuer Prompt · Entf: löschen
T: Übergang ändern · I, O: Bereich von, bis · X: kein Bereich
+, −, 0: vergrößern, verkleinern, einpassen · Pos1, Ende: Anfang, neuestes Bild</translation>
    </message>
    <message>
        <source>Nothing to paste here: %1</source>
        <translation>Hier gibt es nichts einzufügen: %1</translation>
    </message>
    <message>
        <source>Import prompts</source>
        <translation>Prompts importieren</translation>
    </message>
    <message>
        <source>Prompts (*.txt *.csv *.json);;All files (*)</source>
        <translation>Prompts (*.txt *.csv *.json);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Cannot use ‘%1’: %2</source>
        <translation>„%1“ lässt sich nicht verwenden: %2</translation>
    </message>
    <message>
        <source>Export prompts</source>
        <translation>Prompts exportieren</translation>
    </message>
    <message>
        <source>prompts.txt</source>
        <translation>prompts.txt</translation>
    </message>
    <message>
        <source>Text (*.txt);;CSV (*.csv);;JSON (*.json)</source>
        <translation>Text (*.txt);;CSV (*.csv);;JSON (*.json)</translation>
    </message>
    <message>
        <source>&amp;Add a prompt at %1…</source>
        <translation>Prompt bei %1 &amp;einfügen …</translation>
    </message>
    <message>
        <source>&amp;Edit the words…</source>
        <translation>&amp;Text bearbeiten …</translation>
    </message>
    <message>
        <source>&amp;Cut, with re-cache</source>
        <translation>&amp;Schnitt, Cache neu</translation>
    </message>
    <message>
        <source>&amp;Keep the cache</source>
        <translation>Cache &amp;halten</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Löschen</translation>
    </message>
    <message>
        <source>Cu&amp;t</source>
        <translation>&amp;Ausschneiden</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>&amp;Kopieren</translation>
    </message>
    <message>
        <source>&amp;Paste</source>
        <translation>Einf&amp;ügen</translation>
    </message>
    <message>
        <source>Range &amp;from the playhead</source>
        <translation>Bereich &amp;von der Abspielposition</translation>
    </message>
    <message>
        <source>Range t&amp;o the playhead</source>
        <translation>Bereich b&amp;is zur Abspielposition</translation>
    </message>
    <message>
        <source>&amp;No range</source>
        <translation>Kein Be&amp;reich</translation>
    </message>
    <message>
        <source>&amp;Import prompts…</source>
        <translation>Prompts i&amp;mportieren …</translation>
    </message>
    <message>
        <source>E&amp;xport prompts…</source>
        <translation>Prompts e&amp;xportieren …</translation>
    </message>
    <message>
        <source>%1
from %2 (chunk %3)</source>
        <translation>%1
ab %2 (Chunk %3)</translation>
    </message>
    <message>
        <source> · cut with re-cache</source>
        <translation> · Schnitt, Cache neu</translation>
    </message>
    <message>
        <source> · keeps the cache</source>
        <translation> · hält den Cache</translation>
    </message>
    <message>
        <source> · blends over %1 chunks</source>
        <translation> · blendet über %1 Chunks</translation>
    </message>
    <message>
        <source>Drift: how far the picture&apos;s colours have come from those of the take&apos;s first frame</source>
        <translation>Drift: wie weit sich die Farben des Bildes von denen des ersten Bildes im Take entfernt haben</translation>
    </message>
    <message>
        <source>Prompt timeline</source>
        <translation>Prompt-Zeitleiste</translation>
    </message>
    <message>
        <source>No prompts yet.</source>
        <translation>Noch keine Prompts.</translation>
    </message>
    <message>
        <source>Prompts: %1.</source>
        <translation>Prompts: %1.</translation>
    </message>
    <message>
        <source>the first</source>
        <translation>der erste</translation>
    </message>
    <message>
        <source>cut with re-cache</source>
        <translation>Schnitt, Cache neu</translation>
    </message>
    <message>
        <source>keeps the cache</source>
        <translation>hält den Cache</translation>
    </message>
    <message>
        <source>blends over %1 chunks</source>
        <translation>blendet über %1 Chunks</translation>
    </message>
    <message>
        <source>Prompt %1 of %2: %3. From %4, %5, %6.</source>
        <translation>Prompt %1 von %2: %3. Ab %4, %5, %6.</translation>
    </message>
    <message>
        <source>planned</source>
        <translation>geplant</translation>
    </message>
    <message>
        <source>made</source>
        <translation>erzeugt</translation>
    </message>
    <message>
        <source>What should be seen from here?</source>
        <translation>Was soll ab hier zu sehen sein?</translation>
    </message>
    <message>
        <source>Words of the prompt</source>
        <translation>Text des Prompts</translation>
    </message>
    <message>
        <source>Blend over &amp;%1 chunks</source>
        <translation>Blende über &amp;%1 Chunks</translation>
    </message>
    <message>
        <source>T&amp;ransition</source>
        <translation>Ü&amp;bergang</translation>
    </message>
    <message>
        <source>the clipboard is empty</source>
        <translation>die Zwischenablage ist leer</translation>
    </message>
    <message>
        <source>‘%1’ cannot be read. Check that it is there and may be read.</source>
        <translation>„%1“ lässt sich nicht lesen. Prüfe, ob es da ist und gelesen werden darf.</translation>
    </message>
</context>
<context>
    <name>longtake::TransportBar</name>
    <message>
        <source>To the start</source>
        <translation>Zum Anfang</translation>
    </message>
    <message>
        <source>Go to the start of the take (Home)</source>
        <translation>Zum Anfang des Takes gehen (Pos1)</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Wiedergabe</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>Einzelbild</translation>
    </message>
    <message>
        <source>Show the next frame (Right arrow)</source>
        <translation>Das nächste Bild zeigen (Pfeil rechts)</translation>
    </message>
    <message>
        <source>To the newest</source>
        <translation>Zum neuesten Bild</translation>
    </message>
    <message>
        <source>Go to what is being made now (End)</source>
        <translation>Zu dem gehen, was gerade entsteht (Ende)</translation>
    </message>
    <message>
        <source>Record</source>
        <translation>Aufnehmen</translation>
    </message>
    <message>
        <source>Time of the frame on the canvas</source>
        <translation>Zeit des gezeigten Bildes</translation>
    </message>
    <message>
        <source>chunk %1 · frame %2</source>
        <translation>Chunk %1 · Bild %2</translation>
    </message>
    <message>
        <source>The chunk and frame on the canvas, counted from 0</source>
        <translation>Chunk und Bild auf der Videofläche, ab 0 gezählt</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Pause (Space)</source>
        <translation>Pause (Leertaste)</translation>
    </message>
    <message>
        <source>Play: the take grows from here (Space)</source>
        <translation>Wiedergabe: Der Take wächst von hier an weiter (Leertaste)</translation>
    </message>
    <message>
        <source>Stop recording</source>
        <translation>Aufnahme beenden</translation>
    </message>
    <message>
        <source>Stop recording and finish the file (R)</source>
        <translation>Aufnahme beenden und die Datei abschließen (R)</translation>
    </message>
    <message>
        <source>Record what is made into a file (R)</source>
        <translation>Das Erzeugte in eine Datei aufnehmen (R)</translation>
    </message>
</context>
<context>
    <name>longtake::ValueExport</name>
    <message>
        <source>‘%1’ cannot be written. Choose another folder, or free some space.</source>
        <translation>„%1“ lässt sich nicht schreiben. Wähle einen anderen Ordner, oder schaffe Platz.</translation>
    </message>
    <message>
        <source>‘%1’ cannot be written: the picture is empty.</source>
        <translation>„%1“ lässt sich nicht schreiben: das Bild ist leer.</translation>
    </message>
</context>
<context>
    <name>main</name>
    <message>
        <source>Longtake: long videos, made live and steered while they grow.</source>
        <translation>Longtake: lange Videos, live erzeugt und gelenkt, während sie wachsen.</translation>
    </message>
    <message>
        <source>A project, an exported video or a picture to begin with.</source>
        <translation>Ein Projekt, ein exportiertes Video oder ein Bild für den Anfang.</translation>
    </message>
    <message>
        <source>Draw the picture without Vulkan.</source>
        <translation>Das Bild ohne Vulkan zeichnen.</translation>
    </message>
    <message>
        <source>Dark, whatever the desktop says.</source>
        <translation>Dunkel, was auch immer der Desktop vorgibt.</translation>
    </message>
    <message>
        <source>Light, whatever the desktop says.</source>
        <translation>Hell, was auch immer der Desktop vorgibt.</translation>
    </message>
    <message>
        <source>Language of the window, such as en or de; otherwise the system&apos;s.</source>
        <translation>Sprache des Fensters, etwa en oder de; sonst die des Systems.</translation>
    </message>
</context>
</TS>
