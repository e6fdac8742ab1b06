import com.xebialabs.deployit.booter.remote.DeployitCommunicator;
import com.xebialabs.deployit.booter.remote.client.DeployitRemoteClient;
import com.xebialabs.deployit.engine.api.RepositoryService;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** The upload of a package file. */
final class PackageCases {
    private static final String MANIFEST = "<udm.DeploymentPackage version=\"1.0\" application=\"Uploaded\">"
            + "<deployables><cmd.Command name=\"run\"><commandLine>true</commandLine></cmd.Command></deployables>"
            + "</udm.DeploymentPackage>";

    private final DeployitCommunicator communicator;
    private final RepositoryService repository;

    PackageCases(DeployitCommunicator communicator) {
        this.communicator = communicator;
        this.repository = communicator.getProxies().getRepositoryService();
    }

    Map<String, Check.Case> all() {
        return Collections.singletonMap("a_package_is_uploaded", this::upload);
    }

    private void upload() throws IOException {
        Path file = Files.createTempFile("uploaded", ".dar");
        try {
            try (ZipOutputStream archive = new ZipOutputStream(Files.newOutputStream(file))) {
                archive.putNextEntry(new ZipEntry("deployit-manifest.xml"));
                archive.write(MANIFEST.getBytes(StandardCharsets.UTF_8));
            }
            String id = new DeployitRemoteClient(communicator).importPackage(file.toFile()).getId();
            Check.expect("Applications/Uploaded/1.0".equals(id), "id of the package " + id);
        } finally {
            Files.delete(file);
        }
        Check.expect(repository.exists("Applications/Uploaded/1.0/run"), "deployable");
        repository.delete("Applications/Uploaded");
    }
}
